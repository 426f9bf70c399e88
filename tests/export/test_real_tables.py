"""Models trained on published tables, answering the rows they were trained on as they did in training."""

import zipfile
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas
import pytest
import xgboost
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from export.from_sklearn import of_model
from tests.export.originals import graph_of, proof
from tests.export.passengers import rows_of

COUNT = 3_000


@pytest.fixture
def payments(shared_data: Path) -> tuple[Any, Any]:
    """Card holders, and who did not pay."""
    table = pandas.read_csv(shared_data / "risk/UCI_Credit_Card.csv.gz", nrows=COUNT)
    return table.drop(columns=["ID", "default.payment.next.month"]), table["default.payment.next.month"].to_numpy()


@pytest.fixture
def patients(shared_data: Path) -> tuple[Any, Any]:
    """Stays in hospital, mostly words, and who came back."""
    with zipfile.ZipFile(shared_data / "risk/dataset_diabetes.zip") as archive:
        name = next(name for name in archive.namelist() if name.endswith("diabetic_data.csv"))
        with archive.open(name) as file:
            table = pandas.read_csv(file, nrows=COUNT, na_values="?", keep_default_na=False, low_memory=False)
    kept = ["race", "gender", "age", "medical_specialty", "insulin", "change", "time_in_hospital", "num_medications"]
    return table[[*kept, "number_inpatient", "patient_nbr"]], table.readmitted.to_numpy()


def boosted() -> list[Any]:
    return [
        xgboost.XGBClassifier(n_estimators=20, max_depth=4, n_jobs=1),
        lightgbm.LGBMClassifier(n_estimators=20, n_jobs=1, verbosity=-1),
        HistGradientBoostingClassifier(max_iter=20),
        RandomForestClassifier(20, random_state=0),
    ]


@pytest.mark.parametrize("estimator", boosted(), ids=lambda model: type(model).__name__)
def test_scaled_payments_are_judged_as_in_training(payments: tuple[Any, Any], estimator: Any) -> None:
    table, defaults = payments
    model = make_pipeline(StandardScaler(), estimator).fit(table, defaults)
    original = of_model(model, None)
    rows = rows_of(original, table)
    np.testing.assert_allclose(original.predict(rows), model.predict_proba(table), atol=1e-7)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def encoded(words: Any, **more: Any) -> ColumnTransformer:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    parts = [
        ("numbers", numbers, ["time_in_hospital", "num_medications", "number_inpatient"]),
        ("words", words, make_column_selector(dtype_exclude=np.number)),
    ]
    return ColumnTransformer(parts, **more)


def test_stays_in_hospital_are_judged_as_in_training(patients: tuple[Any, Any]) -> None:
    table, readmitted = patients
    filled = SimpleImputer(strategy="constant", fill_value="unknown")
    dummies = encoded(make_pipeline(filled, OneHotEncoder(handle_unknown="ignore")))
    ordinals = encoded(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2))
    _, light, histograms, forest = boosted()
    members = [
        ("forest", make_pipeline(dummies, forest)),
        ("light", make_pipeline(ordinals, light)),
        ("histograms", make_pipeline(ordinals, histograms)),
        ("regression", make_pipeline(dummies, LogisticRegression(max_iter=2000))),
    ]
    vote = VotingClassifier(members, voting="soft", weights=[1, 2, 2, 1]).fit(table, readmitted)
    original = of_model(vote, None)
    rows = rows_of(original, table)
    assert original.output.model_dump()["labels"] == ("<30", ">30", "NO")
    assert "patient_nbr" not in (original.names or ())
    assert original.nan_policy == "allow"
    np.testing.assert_allclose(original.predict(rows), vote.predict_proba(table), atol=1e-7)
    assert proof(original, graph_of(original), rows).comparison.is_equal
