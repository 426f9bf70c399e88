"""Golden rows: when two answers are the same."""

import io

import numpy as np
import pytest

from serinus import golden
from serinus.bundle import Bundle
from serinus.errors import BundleError
from serinus.golden import compare
from serinus.prediction import Classes, Values
from serinus.predictor import Predictor
from tests.bundles import resigned, write_bundle

NAN, INF = float("nan"), float("inf")
LABELS = ("a", "b", "c")


def served(probabilities: list[list[float]], ids: list[int] | None = None) -> Classes:
    shares = np.array(probabilities, np.float32)
    return Classes(LABELS, shares.argmax(axis=1) if ids is None else np.array(ids), shares)


@pytest.mark.parametrize(
    ("native", "answer", "is_equal", "worst"),
    [
        pytest.param([0.7, 0.2, 0.1], [0.7, 0.2, 0.1], True, 0, id="same"),
        pytest.param([0.7, 0.2, 0.1], [0.700009, 0.2, 0.1], True, 9e-6, id="within the tolerance"),
        pytest.param([0.7, 0.2, 0.1], [0.70002, 0.2, 0.1], False, 2e-5, id="beyond the tolerance"),
        pytest.param([NAN, NAN, NAN], [NAN, NAN, NAN], True, 0, id="both nan"),
        pytest.param([0.7, 0.2, 0.1], [NAN, 0.2, 0.1], False, INF, id="nan served"),
        pytest.param([NAN, 0.2, 0.1], [0.7, 0.2, 0.1], False, INF, id="nan expected"),
        pytest.param([INF, 0, 0], [INF, 0, 0], True, 0, id="both infinite"),
        pytest.param([INF, 0, 0], [-INF, 0, 0], False, INF, id="infinities of both signs"),
        pytest.param([INF, 0, 0], [1, 0, 0], False, INF, id="infinity expected"),
    ],
)
def test_probabilities_are_equal_within_the_tolerance(native, answer, is_equal, worst):
    comparison = compare(np.array([native], np.float32), served([answer], ids=[0]), 1e-5)
    assert comparison.is_equal == is_equal
    assert comparison.worst == pytest.approx(worst, abs=1e-7)


def test_another_label_is_a_flip():
    comparison = compare(np.array([[0.6, 0.4, 0]]), served([[0.6, 0.4, 0]], ids=[1]), 1e-5)
    assert (comparison.flips.tolist(), comparison.ties.tolist()) == ([True], [False])
    assert not comparison.is_equal


def test_between_the_two_best_of_a_tie_either_label_is_right():
    comparison = compare(np.array([[0.4999999, 0.5, 0]]), served([[0.5, 0.4999999, 0]], ids=[0]), 1e-5)
    assert (comparison.flips.tolist(), comparison.ties.tolist()) == ([False], [True])
    assert comparison.is_equal


def test_a_third_label_is_a_flip_even_in_a_tie():
    comparison = compare(np.array([[0.4, 0.4, 0.2]]), served([[0.4, 0.4, 0.2]], ids=[2]), 1e-5)
    assert comparison.flips.tolist() == [True]


def test_one_wrong_row_is_told_from_the_others():
    native = np.eye(3)
    comparison = compare(native, served([[1, 0, 0], [0, 0.9, 0.1], [0, 0, 1]]), 1e-5)
    assert comparison.wrong.tolist() == [False, True, False]


@pytest.mark.parametrize("shape", [(3,), (3, 1)], ids=["flat", "column"])
def test_values_are_compared_row_by_row(shape):
    native = np.array([1.0, 2.0, NAN]).reshape(shape)
    comparison = compare(native, Values(np.array([1.0, 2.5, NAN], np.float32)), 1e-5)
    assert comparison.differences.tolist() == [0, 0.5, 0]
    assert comparison.wrong.tolist() == [False, True, False]


@pytest.fixture
def bundle(tmp_path) -> Bundle:
    return write_bundle(tmp_path)


def test_a_bundle_replays_its_golden_rows(bundle):
    comparison = golden.replay(bundle, Predictor(bundle))
    assert comparison.is_equal
    assert len(comparison.differences) == 64


def test_a_model_that_answers_otherwise_does_not_replay(bundle, tmp_path):
    other = write_bundle(tmp_path, "other", weights=np.eye(3, dtype=np.float32))
    assert not golden.replay(bundle, Predictor(other)).is_equal


def saved(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


ROWS, NATIVE = np.zeros((64, 3), np.float32), np.full((64, 3), 1 / 3)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        pytest.param(b"", "holds no golden rows", id="empty"),
        pytest.param(b"PK\x03\x04 nonsense", "holds no golden rows", id="broken archive"),
        pytest.param(b"\x80\x04pickle", "holds no golden rows", id="pickle"),
        pytest.param(saved(rows=ROWS), "holds no golden rows", id="answers missing"),
        pytest.param(saved(rows=ROWS[:0], native=NATIVE[:0]), "expected rows float32", id="no rows"),
        pytest.param(saved(rows=ROWS.astype(float), native=NATIVE), "float64", id="float64"),
        pytest.param(saved(rows=ROWS[:, :2], native=NATIVE), r"\(64, 2\)", id="other width"),
        pytest.param(saved(rows=ROWS[0], native=NATIVE), r"\(3,\)", id="one row"),
        pytest.param(saved(rows=ROWS, native=NATIVE[:63]), r"\(63, 3\)", id="answers for fewer rows"),
        pytest.param(saved(rows=ROWS, native=NATIVE[:, :1]), r"\(64, 1\)", id="answers for fewer classes"),
        pytest.param(saved(rows=ROWS, native=NATIVE.T), r"\(3, 64\)", id="answers lying down"),
        pytest.param(saved(rows=np.array([{}], object), native=NATIVE), "pickle", id="objects"),
    ],
)
def test_a_file_without_golden_rows_of_the_model_is_refused(bundle, contents, message):
    resigned(bundle.folder, "golden.npz", contents)
    with pytest.raises(BundleError, match=message) as refusal:
        golden.load(bundle)
    assert str(bundle.golden) in str(refusal.value)
