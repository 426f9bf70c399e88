"""Models that other people trained and published, none of which the project ships."""

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from export.converters import load
from export.errors import Refused
from export.lightgbm_text import parsed
from export.original import Original
from serinus.schema import Rows
from tests.export.originals import graph_of, proof

pytestmark = pytest.mark.no_cover  # traced, it takes half as long again, and others reach the same lines

OLD_JSON = pytest.mark.filterwarnings("ignore:.*Found JSON model saved before XGBoost 1.6:UserWarning")


def original_of(file: Path) -> Original:
    return load(file, None, None)


def libsvm(text: str, *, first: int, features: int) -> tuple[Rows, np.ndarray]:
    """Rows of an agaricus file, absent values missing as XGBoost reads them."""
    lines = [line.split() for line in text.splitlines()]
    rows = np.full((len(lines), features), np.nan, np.float32)
    for row, (_, *pairs) in zip(rows, lines, strict=True):
        for column, value in (pair.split(":") for pair in pairs):
            row[int(column) - first] = float(value)
    return rows, np.array([float(line[0]) for line in lines])


@dataclass(frozen=True)
class Exported:
    """What the gate says of a file: it tried `rows` rows or more, and none differs by more than `within`."""

    framework: str
    task: str
    features: int
    rows: int
    within: float


CLASSES, VALUES = "classification", "regression"
NO_MODEL = "cannot tell what .* is from its name and first bytes"

VERDICTS: dict[str, Exported | str] = {
    "keras_arrhythmia/Model3_cnn_model.keras": Exported("tensorflow", CLASSES, 2160, 10_000, within=1e-5),
    "keras_arrhythmia/models_cnn_lstm_model.keras": Exported("tensorflow", CLASSES, 2160, 10_000, within=1e-5),
    "keras_arrhythmia/models_cnn_model.keras": Exported("tensorflow", CLASSES, 2160, 10_000, within=1e-5),
    "keras_yield/expected_io_numpy.npz": NO_MODEL,
    "keras_yield/frozen_model.pb": "is a frozen TensorFlow graph",
    "keras_yield/model.h5": Exported("tensorflow", VALUES, 116, 10_000, within=1e-4),
    "keras_yield/model.onnx": r"takes .* \[\?, 4\], but its trees read 115 features",
    "keras_yield/model.tflite": "is a TensorFlow Lite file",
    "keras_yield/saved_model_directory": Exported("tensorflow", VALUES, 114, 10_000, within=1e-4),
    "leaves/agaricus_test.libsvm": NO_MODEL,
    "leaves/genlin_fmtp_poisson_Frequency.model": Exported("lightgbm", VALUES, 9, 60_000, within=2e-7),
    "leaves/genlin_fmtp_poisson_Frequency_features.tsv": NO_MODEL,
    "leaves/genlin_fmtp_poisson_Frequency_true_predictions.txt": NO_MODEL,
    "leaves/iris_test.libsvm": NO_MODEL,
    "leaves/lg_breast_cancer.txt": Exported("lightgbm", CLASSES, 30, 30_000, within=1e-7),
    "leaves/lg_breast_cancer_data.txt": NO_MODEL,
    "leaves/lg_breast_cancer_data_pred_leaves.txt": NO_MODEL,
    "leaves/lg_rf_iris.model": Exported("lightgbm", CLASSES, 4, 12_000, within=1e-7),
    "leaves/lg_rf_iris_true_predictions.txt": NO_MODEL,
    "leaves/lgmulticlass.model": Exported("lightgbm", CLASSES, 28, 40_000, within=1e-7),
    "leaves/lgmulticlass_true_predictions.txt": NO_MODEL,
    "leaves/lgmulticlass_true_raw_predictions.txt": NO_MODEL,
    "leaves/multiclass_test.tsv": NO_MODEL,
    "leaves/xgagaricus.converted-by-xgboost-2.1.4.json": Exported("xgboost", CLASSES, 127, 11_000, within=2e-7),
    "leaves/xgagaricus.model": r"XGBoost 3 cannot read .*save_model\('xgagaricus.json'\)",
    "leaves/xgagaricus_true_predictions.txt": NO_MODEL,
    "lleaves/airline.model.txt": Exported("lightgbm", CLASSES, 6, 60_000, within=1e-7),
    "lleaves/leaf_scan.model.txt": Exported("lightgbm", VALUES, 1, 11_000, within=1e-7),
    "lleaves/multiclass.model.txt": Exported("lightgbm", CLASSES, 13, 20_000, within=2e-7),
    "lleaves/pure_categorical.model.txt": Exported("lightgbm", VALUES, 3, 12_000, within=5e-7),
    "lleaves/single_tree.model.txt": Exported("lightgbm", VALUES, 10, 11_000, within=1e-7),
    "lleaves/tiniest_single_tree.model.txt": Exported("lightgbm", VALUES, 3, 11_000, within=1e-7),
    "mlserver/iris-lightgbm.bst": Exported("lightgbm", CLASSES, 4, 40_000, within=2e-7),
    "mlserver/mushroom-xgboost.json": Exported("xgboost", CLASSES, 126, 11_000, within=2e-7),
    "onnx/test_xgb.onnx": Exported("onnx", VALUES, 4, 20_000, within=1e-6),
    "onnx/treecl.onnx": Exported("onnx", CLASSES, 20, 12_000, within=1e-7),
    "onnx/treecl2.onnx": Exported("onnx", CLASSES, 20, 12_000, within=1e-7),
    "onnx/treecl3.onnx": "answers no probabilities .*Raw scores need their softmax",
    "treelite/toy_categorical.test": NO_MODEL,
    "treelite/toy_categorical.test.pred": NO_MODEL,
    "treelite/toy_categorical_model.txt": Exported("lightgbm", VALUES, 2, 17_000, within=2e-6),
    "wild/diabetes_early_stage.csv": NO_MODEL,
    "wild/diabetes_lightgbm_model.onnx": Exported("onnx", CLASSES, 18, 40_000, within=1e-7),
    "wild/diabetes_pima.csv": NO_MODEL,
    "wild/diabetes_xgboost_model.json": Exported("xgboost", CLASSES, 8, 40_000, within=3e-7),
    "wild/favorita_lightgbm_model.txt.gz": Exported("lightgbm", VALUES, 27, 50_000, within=2e-3),
    "xgboost-demo/agaricus.txt.test.gz": NO_MODEL,
}


def names() -> list[object]:
    needs = {name: [pytest.mark.keras] if name.startswith("keras") else [] for name in VERDICTS}
    return [pytest.param(name, marks=marks) for name, marks in needs.items()]


@OLD_JSON
@pytest.mark.parametrize("name", names())
def test_a_published_file_is_exported_or_refused(shared_data: Path, name: str) -> None:
    file, verdict = shared_data / "models" / name, VERDICTS[name]
    if not file.exists():
        pytest.skip(f"{shared_data} has no models/{name}")
    if isinstance(verdict, str):
        with pytest.raises(Refused, match=verdict):
            original_of(file)
        return
    original = original_of(file)
    found = proof(original, graph_of(original))
    said = original.framework, original.output.task, original.features
    assert said == (verdict.framework, verdict.task, verdict.features)
    assert found.comparison.is_equal
    assert found.comparison.worst <= verdict.within
    assert len(found.native) >= verdict.rows


def test_the_docs_list_every_model_and_no_other() -> None:
    docs = (Path(__file__).parents[2] / "docs/export.md").read_text().partition("## Models that others published")[2]
    assert set(re.findall(r"^\| `([^`]+)` \|", docs, re.MULTILINE)) == {
        name for name, verdict in VERDICTS.items() if verdict != NO_MODEL
    }


@OLD_JSON
def test_a_file_without_a_verdict_is_exported_or_refused_too(shared_data: Path) -> None:
    folder = shared_data / "models"
    files = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
    for name in (name for name in files if not name.startswith(tuple(VERDICTS))):
        try:
            original = original_of(files[name])
        except Refused:
            continue
        assert proof(original, graph_of(original)).comparison.is_equal, name


@OLD_JSON
def test_mlservers_mushroom_model_answers_as_published(shared_data: Path) -> None:
    original = original_of(shared_data / "models/mlserver/mushroom-xgboost.json")
    text = gzip.decompress((shared_data / "models/xgboost-demo/agaricus.txt.test.gz").read_bytes()).decode()
    rows, truth = libsvm(text, first=1, features=126)
    verdict = proof(original, graph_of(original), rows)
    answers = verdict.native[verdict.probes.kinds == "sample"]
    assert ((answers[:, 1] > 0.5) == truth).mean() == pytest.approx(0.978, abs=0.001)


def test_a_legacy_model_saved_again_gives_the_predictions_stored_with_it(shared_data: Path) -> None:
    folder = shared_data / "models/leaves"
    original = original_of(folder / "xgagaricus.converted-by-xgboost-2.1.4.json")
    rows, _ = libsvm((folder / "agaricus_test.libsvm").read_text(), first=0, features=127)
    stored = np.loadtxt(folder / "xgagaricus_true_predictions.txt")
    np.testing.assert_allclose(original.predict(rows)[:, 1], stored, atol=1e-6)
    assert proof(original, graph_of(original), rows).comparison.is_equal


@pytest.mark.keras
def test_a_published_h5_regressor_answers_as_an_independent_numpy_pass(shared_data: Path) -> None:
    folder = shared_data / "models/keras_yield"
    original = original_of(folder / "model.h5")
    with np.load(folder / "expected_io_numpy.npz") as expected:
        rows, answers = expected["x"].astype(np.float32), expected["expected"]
    verdict = proof(original, graph_of(original), rows)
    served = verdict.native[verdict.probes.kinds == "sample"][:, 0]
    np.testing.assert_allclose(served, answers, rtol=1e-5)


def test_a_binary_lightgbm_model_reaches_the_leaves_stored_with_it(shared_data: Path) -> None:
    folder = shared_data / "models/leaves"
    original = original_of(folder / "lg_breast_cancer.txt")
    rows = np.loadtxt(folder / "lg_breast_cancer_data.txt").astype(np.float32)
    leaves = np.loadtxt(folder / "lg_breast_cancer_data_pred_leaves.txt").astype(int)
    trees = parsed((folder / "lg_breast_cancer.txt").read_text()).trees
    scores = sum(tree.leaf[reached] for tree, reached in zip(trees, leaves.T, strict=True))
    np.testing.assert_allclose(original.predict(rows)[:, 1], 1 / (1 + np.exp(-scores)), atol=1e-12)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_a_multiclass_lightgbm_model_gives_the_predictions_stored_with_it(shared_data: Path) -> None:
    """But for a row in which float32 rounds a feature across a threshold."""
    folder = shared_data / "models/leaves"
    original = original_of(folder / "lgmulticlass.model")
    rows = np.loadtxt(folder / "multiclass_test.tsv")[:, 1:].astype(np.float32)
    stored = np.loadtxt(folder / "lgmulticlass_true_predictions.txt")
    assert np.isclose(original.predict(rows), stored, atol=1e-12).all(axis=1).mean() > 0.99
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_a_poisson_lightgbm_model_gives_the_predictions_stored_with_it(shared_data: Path) -> None:
    file = shared_data / "models/leaves/genlin_fmtp_poisson_Frequency.model"
    original = original_of(file)
    rows = np.loadtxt(file.with_name(f"{file.stem}_features.tsv")).astype(np.float32)
    stored = np.loadtxt(file.with_name(f"{file.stem}_true_predictions.txt"))
    np.testing.assert_allclose(original.predict(rows)[:, 0], stored, atol=1e-12)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_a_categorical_lightgbm_model_gives_the_predictions_stored_with_it(shared_data: Path) -> None:
    folder = shared_data / "models/treelite"
    original = original_of(folder / "toy_categorical_model.txt")
    rows, _ = libsvm((folder / "toy_categorical.test").read_text(), first=0, features=2)
    np.testing.assert_allclose(original.predict(rows)[:, 0], np.loadtxt(folder / "toy_categorical.test.pred"))
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_the_words_of_a_model_from_the_wild_are_known(shared_data: Path) -> None:
    original = original_of(shared_data / "models/wild/favorita_lightgbm_model.txt.gz")
    assert original.names is not None
    assert [original.names[place] for place in original.categories] == ["family", "type"]
    assert original.categories[26].words == ("A", "B", "C", "D", "E")
