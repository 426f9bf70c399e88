"""Models that other people trained and published, none of which the project ships."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from export.converters import load
from export.errors import Refused
from export.original import Original
from serinus.schema import Rows
from tests.export.originals import graph_of, proof

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


def test_a_legacy_binary_is_refused_with_the_way_out(shared_data: Path) -> None:
    with pytest.raises(Refused, match=r"save_model\('xgagaricus.json'\)"):
        original_of(shared_data / "models/leaves/xgagaricus.model")


def test_a_model_from_the_wild_passes_the_gate(shared_data: Path) -> None:
    original = original_of(shared_data / "models/wild/diabetes_xgboost_model.json")
    assert proof(original, graph_of(original)).comparison.worst < 1e-6


@pytest.mark.keras
@pytest.mark.parametrize("name", ["Model3_cnn_model", "models_cnn_lstm_model", "models_cnn_model"])
def test_files_of_keras_2_pass_the_gate(shared_data: Path, name: str) -> None:
    original = original_of(shared_data / f"models/keras_arrhythmia/{name}.keras")
    assert (original.features, original.output.task) == (2160, "classification")
    assert proof(original, graph_of(original)).comparison.is_equal


@pytest.mark.keras
def test_a_published_h5_regressor_answers_as_an_independent_numpy_pass(shared_data: Path) -> None:
    folder = shared_data / "models/keras_yield"
    original = original_of(folder / "model.h5")
    with np.load(folder / "expected_io_numpy.npz") as expected:
        rows, answers = expected["x"].astype(np.float32), expected["expected"]
    verdict = proof(original, graph_of(original), rows)
    served = verdict.native[verdict.probes.kinds == "sample"][:, 0]
    np.testing.assert_allclose(served, answers, rtol=1e-5)


@pytest.mark.keras
def test_a_published_saved_model_passes_the_gate(shared_data: Path) -> None:
    original = original_of(shared_data / "models/keras_yield/saved_model_directory")
    assert (original.features, original.output.task) == (114, "regression")
    assert proof(original, graph_of(original)).comparison.is_equal
