"""A scaler computes in float32 or in float64, and trees behind it can tell."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

from export import from_xgboost
from export.errors import Refused
from export.from_sklearn import of_model
from export.preprocessing import behind
from tests.export.originals import graph_of, pickled, proof
from tests.export.test_sklearn_compositions import lgb, xgb

Precise = NDArray[np.floating]
BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def amounts(*, whole: bool = True) -> Precise:
    """Columns of whole numbers, or of any, that float32 has all of."""
    generator = np.random.default_rng(8)
    numbers = generator.normal(size=(800, 4)) * [5, 40, 300, 9000] + [30, 100, 0, 20000]
    return (numbers.round() if whole else numbers).astype(np.float32).astype(np.float64)


def defaults(rows: Precise) -> NDArray[np.int64]:
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    return (standard[:, 0] + standard[:, 1] * standard[:, 2] > 0.3).astype(np.int64)


MODELS = {
    "XGBoost behind a StandardScaler": make_pipeline(StandardScaler(), xgb()),
    "exact XGBoost behind a StandardScaler": make_pipeline(StandardScaler(), xgb(tree_method="exact")),
    "LightGBM behind a StandardScaler": make_pipeline(StandardScaler(), lgb()),
    "histograms behind a StandardScaler": make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=6)),
    "a regression behind a StandardScaler": make_pipeline(StandardScaler(), LogisticRegression()),
    "a forest behind a MinMaxScaler": make_pipeline(MinMaxScaler(), RandomForestClassifier(6)),
    "a forest behind a RobustScaler": make_pipeline(RobustScaler(), RandomForestClassifier(6)),
    "a forest behind an imputer and a scaler": make_pipeline(
        SimpleImputer(), StandardScaler(), RandomForestClassifier(6)
    ),
    "scaled and encoded columns": make_pipeline(
        ColumnTransformer(
            [("scaled", StandardScaler(), [0, 1, 2]), ("encoded", OneHotEncoder(handle_unknown="ignore"), [0])]
        ),
        xgb(),
    ),
}


@BOTH
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "any"])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_model_answers_as_it_did_where_it_was_trained(model: Any, whole: bool, dtype: type) -> None:
    rows = amounts(whole=whole)
    fitted = model.fit(rows.astype(dtype), defaults(rows))
    original = of_model(fitted, None)
    given = rows.astype(np.float32)
    np.testing.assert_allclose(original.predict(given), fitted.predict_proba(rows.astype(dtype)), atol=1e-12)
    assert proof(original, graph_of(original), given).comparison.is_equal


@BOTH
def test_in_the_other_precision_some_answers_would_be_others(dtype: type) -> None:
    rows = amounts()
    model = make_pipeline(StandardScaler(), xgb()).fit(rows.astype(dtype), defaults(rows))
    answers = [model.predict_proba(rows.astype(fed)) for fed in (np.float32, np.float64)]
    assert np.abs(answers[0] - answers[1]).max() > 0.01


@BOTH
def test_preprocessing_in_a_file_of_its_own_is_in_the_precision_of_the_model(tmp_path: Path, dtype: type) -> None:
    rows, scaler = amounts(), StandardScaler()
    scaled = scaler.fit_transform(rows.astype(dtype))
    trained = xgboost.train({"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(scaled, defaults(rows)), 6)
    trained.save_model(tmp_path / "model.json")
    model = from_xgboost.load(tmp_path / "model.json", None)
    original = behind(pickled(tmp_path / "scaler.pkl", scaler), model)
    given = rows.astype(np.float32)
    np.testing.assert_array_equal(original.predict(given)[:, 1], trained.predict(xgboost.DMatrix(scaled)))
    assert proof(original, graph_of(original), given).comparison.is_equal


def test_without_a_clue_numbers_are_float64_as_they_are_by_default() -> None:
    rows = amounts()
    model = make_pipeline(StandardScaler(), RandomForestClassifier(6, random_state=0)).fit(rows, defaults(rows))
    original = of_model(model, None)
    np.testing.assert_array_equal(original.predict(rows.astype(np.float32)), model.predict_proba(rows))


def test_columns_of_both_precisions_are_refused() -> None:
    rows = amounts()
    parts = [("a", MinMaxScaler(), [0, 1]), ("b", MinMaxScaler(), [2, 3])]
    model = make_pipeline(ColumnTransformer(parts), RandomForestClassifier(2)).fit(rows, defaults(rows))
    model[0].named_transformers_["b"].fit(rows[:, 2:].astype(np.float32))
    with pytest.raises(Refused, match="fitted on float32 in some columns and on float64 in others"):
        of_model(model, None)
