from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, PowerTransformer, RobustScaler, StandardScaler

from export import from_sklearn, from_xgboost
from export.errors import ExportError, Refused
from export.exporter import Request, export
from export.feature_names import agreed
from export.original import Original
from export.preprocessing import behind
from tests.export.originals import booster, graph_of, pickled, proof, sample_rows, three_classes, two_classes
from tests.export.test_exporter import NOW

SOFTPROB = {"objective": "multi:softprob", "num_class": 3}
NAMES = ["a", "b", "c", "d", "e"]


def scaled_booster(folder: Path, transformer: Any) -> Original:
    rows = sample_rows(missing=0.1)
    booster(folder / "model.json", transformer.fit_transform(rows.copy()), three_classes(rows), SOFTPROB)
    return from_xgboost.load(folder / "model.json", None)


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), RobustScaler()], ids=str)
@pytest.mark.parametrize("sample", [sample_rows(missing=0.1), None], ids=["sample", "no sample"])
def test_a_bundle_equals_the_model_fed_with_transformed_rows(tmp_path: Path, scaler: Any, sample: Any) -> None:
    transformer = make_pipeline(SimpleImputer(), scaler)
    model = scaled_booster(tmp_path, transformer)
    original = behind(pickled(tmp_path / "preprocessing.pkl", transformer), model)
    rows = sample_rows(missing=0.1)
    np.testing.assert_array_equal(original.predict(rows), model.predict(transformer.transform(rows.copy())))
    verdict = proof(original, graph_of(original), sample)
    assert verdict.comparison.worst < 1e-6
    assert {"turn", "missing-at-turn"} <= set(verdict.probes.kinds)


def test_preprocessing_stands_in_front_of_a_pipelines_own(tmp_path: Path) -> None:
    rows = sample_rows(missing=0.1)
    imputer = SimpleImputer().fit(rows)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(imputer.transform(rows), two_classes(rows))
    model = from_sklearn.load(pickled(tmp_path / "model.pkl", pipeline), None)
    original = behind(pickled(tmp_path / "imputer.pkl", imputer), model)
    assert (model.nan_policy, original.nan_policy) == ("reject", "allow")
    assert [step.operation for step in original.steps] == ["Fill"]
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_both_files_are_named_with_their_digests(tmp_path: Path) -> None:
    scaled_booster(tmp_path, transformer := StandardScaler())
    preprocessing = pickled(tmp_path / "preprocessing.pkl", transformer)
    bundle = export(
        Request(tmp_path / "model.json", "model", "1.0.0", preprocessing=preprocessing),
        tmp_path / "models",
        created_at=NOW,
    )
    assert set(bundle.metadata.source) == {"model.json", "preprocessing.pkl"}
    assert "scikit-learn" in bundle.metadata.dependencies


def test_a_transformer_of_another_width_is_refused(tmp_path: Path) -> None:
    model = scaled_booster(tmp_path, StandardScaler())
    narrow = pickled(tmp_path / "narrow.pkl", StandardScaler().fit(np.zeros((3, 2))))
    with pytest.raises(Refused, match="fitted on 2 features, the model on 5"):
        behind(narrow, model)


def test_a_transformer_that_is_no_arithmetic_is_refused(tmp_path: Path) -> None:
    model = scaled_booster(tmp_path, StandardScaler())
    with pytest.raises(Refused, match="cannot put a PowerTransformer in front"):
        behind(pickled(tmp_path / "power.pkl", PowerTransformer().fit(sample_rows())), model)


def test_a_transformer_in_front_of_words_is_refused(tmp_path: Path) -> None:
    table = pandas.DataFrame({"port": ["C", "Q"] * 20})
    encoded = ColumnTransformer([("port", OneHotEncoder(), ["port"])])
    pipeline = make_pipeline(encoded, LogisticRegression()).fit(table, np.arange(40) % 2)
    model = from_sklearn.load(pickled(tmp_path / "model.pkl", pipeline), None)
    with pytest.raises(Refused, match="words to the model: put both into one Pipeline"):
        behind(pickled(tmp_path / "scaler.pkl", StandardScaler().fit(np.zeros((3, 1)))), model)


def test_what_an_encoder_does_not_know_is_not_asked_behind_a_transformer_either(tmp_path: Path) -> None:
    decks = np.arange(40)[:, None] % 4.0
    imputer = SimpleImputer(strategy="most_frequent").fit(decks)
    pipeline = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(decks, decks[:, 0] > 1)
    model = from_sklearn.load(pickled(tmp_path / "model.pkl", pipeline), None)
    original = behind(pickled(tmp_path / "imputer.pkl", imputer), model)
    assert original.knows is not None
    assert original.knows(np.float32([[2], [np.nan], [7]])).tolist() == [True, True, False]
    assert proof(original, graph_of(original)).comparison.is_equal


def test_names_of_model_preprocessing_and_sample_must_agree(tmp_path: Path) -> None:
    rows = sample_rows()
    matrix = xgboost.DMatrix(rows, two_classes(rows), feature_names=NAMES)
    xgboost.train({"objective": "binary:logistic", "nthread": 1}, matrix, 3).save_model(tmp_path / "model.json")
    scaler = pickled(tmp_path / "scaler.pkl", StandardScaler().fit(pandas.DataFrame(rows, columns=NAMES)))
    frame = pandas.DataFrame(rows, columns=NAMES)
    frame.to_parquet(tmp_path / "sample.parquet")
    request = Request(tmp_path / "model.json", "m", "1.0.0", sample=tmp_path / "sample.parquet", preprocessing=scaler)
    bundle = export(request, tmp_path / "models", created_at=NOW)
    assert bundle.metadata.input_schema.names == tuple(NAMES)
    frame.rename(columns={"b": "label"}).to_parquet(tmp_path / "sample.parquet")
    with pytest.raises(ExportError, match=r"the model and .* disagree .* missing b, unexpected label"):
        export(request, tmp_path / "models", created_at=NOW, replace=True)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (("a", "c", "b"), r"another order \('b' or 'c' at 1; 'c' or 'b' at 2\)"),
        (("a", "b"), "missing c, unexpected none"),
        (tuple(f"x{i}" for i in range(20)), "unexpected x0, .* and 10 more"),
    ],
)
def test_a_disagreement_lists_the_names_that_differ(other: tuple[str, ...], message: str) -> None:
    with pytest.raises(Refused, match=message):
        agreed({"one": ("a", "b", "c"), "none": None, "other": other})


def test_nobody_needs_to_know_the_names() -> None:
    assert agreed({"one": None, "other": None}) is None


def test_a_transformer_that_answers_frames_is_no_problem(tmp_path: Path) -> None:
    scaler = StandardScaler().fit(sample_rows())
    model = scaled_booster(tmp_path, StandardScaler())
    original = behind(pickled(tmp_path / "scaler.pkl", scaler.set_output(transform="pandas")), model)
    assert proof(original, graph_of(original)).comparison.is_equal
