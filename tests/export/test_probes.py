from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from export.from_sklearn import load
from export.original import Original, classes, two_columns
from export.probes import Probes, probes
from serinus.golden import Natives
from serinus.schema import Rows
from tests.export.originals import pickled, sample_rows, three_classes


def tree(folder: Path, *steps: object) -> Original:
    rows = sample_rows()
    fitted = make_pipeline(*steps, DecisionTreeClassifier(max_depth=4, random_state=0)).fit(rows, three_classes(rows))
    return load(pickled(folder / "tree.pkl", fitted), None)


def tried(original: Original, sample: Rows | None) -> Probes:
    return probes(original, sample, np.random.default_rng(0))


def test_no_row_of_a_sample_that_must_not_travel_is_tried_as_it_is(tmp_path: Path) -> None:
    sample = sample_rows(missing=0.1)
    found = probes(tree(tmp_path), sample, np.random.default_rng(0), travels=False)
    real = {row.tobytes() for row in sample}
    assert not real & {row.tobytes() for row in found.rows}
    mixed = of_kind(found, "mixed")
    assert len(mixed) == len(sample)
    assert np.isnan(mixed).any()
    known = [set(column[~np.isnan(column)]) for column in sample.T]
    assert all(set(column[~np.isnan(column)]) <= said for column, said in zip(mixed.T, known, strict=True))


def of_kind(found: Probes, kind: str) -> Rows:
    return found.rows[found.kinds == kind]


@pytest.mark.parametrize("sample", [sample_rows(missing=0.1), sample_rows(count=3), None], ids=["many", "few", "none"])
def test_there_are_ten_thousand_rows_whatever_the_sample(tmp_path: Path, sample: Rows | None) -> None:
    assert len(tried(tree(tmp_path), sample).rows) >= 10_000


def test_the_rows_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    first, second = (tried(tree(tmp_path), sample_rows()) for _ in range(2))
    np.testing.assert_array_equal(first.rows, second.rows)


def test_the_sample_is_tried_as_it_is(tmp_path: Path) -> None:
    sample = sample_rows(missing=0.1)
    np.testing.assert_array_equal(of_kind(tried(tree(tmp_path), sample), "sample"), sample)


@pytest.mark.parametrize("steps", [(), (StandardScaler(),)], ids=["bare", "scaled"])
def test_every_threshold_is_met_and_missed_by_one_bit(tmp_path: Path, steps: tuple[object, ...]) -> None:
    """Whether a row turns right at a node changes between two neighbouring inputs, and both of them are tried."""
    original = tree(tmp_path, *steps)
    rows = of_kind(tried(original, sample_rows()), "threshold")
    (trained,) = original.trees
    scaled = rows
    for step in original.steps:
        scaled = step(scaled)
    for feature, threshold in zip(trained.feature, trained.threshold, strict=True):
        if feature >= 0:
            inputs = np.unique(rows[:, feature])
            first_right = rows[scaled[:, feature] >= threshold, feature].min()
            assert np.nextafter(first_right, np.float32(-np.inf)) in inputs
            assert np.nextafter(first_right, np.float32(np.inf)) in inputs


def test_turn_rows_reach_every_node_and_stand_on_both_sides(tmp_path: Path) -> None:
    original = tree(tmp_path)
    (trained,) = original.trees
    reached = {
        (node, goes) for row in of_kind(tried(original, sample_rows()), "turn") for node, goes in _way(trained, row)
    }
    inner = np.flatnonzero(trained.feature >= 0).tolist()
    assert {(node, goes) for node in inner for goes in ("left", "right")} <= reached


def _way(trained, row: Rows):
    node = 0
    while trained.feature[node] >= 0:
        goes_left = row[trained.feature[node]] < trained.threshold[node]
        yield node, "left" if goes_left else "right"
        node = trained.left[node] if goes_left else trained.right[node]


def test_the_edges_hold_what_they_say(tmp_path: Path) -> None:
    found = tried(tree(tmp_path), sample_rows())
    zeros, negative = of_kind(found, "zero"), of_kind(found, "negative-zero")
    assert not np.signbit(zeros[0]).any()
    assert (zeros[0] == 0).all()
    assert np.signbit(negative[0]).all()
    assert (np.abs(of_kind(found, "tiny")[0]) < 1.2e-38).any()
    assert np.abs(of_kind(found, "huge")).max() == np.finfo(np.float32).max
    assert (np.isnan(of_kind(found, "missing-one")).sum(axis=1) == 1).all()
    assert np.isnan(of_kind(found, "missing-all")).all()
    assert np.isnan(of_kind(found, "missing-at-turn")).any(axis=1).all()


def test_rows_that_overflow_in_the_preprocessing_are_left_out(tmp_path: Path) -> None:
    original = tree(tmp_path, StandardScaler())
    huge = of_kind(tried(original, sample_rows()), "huge")
    assert len(huge) > 200
    for step in original.steps:
        huge = step(huge)
    assert np.isfinite(huge).all()


def test_a_column_that_is_always_missing_does_not_stop_the_gate(tmp_path: Path) -> None:
    sample = sample_rows()
    sample[:, 2] = np.nan
    assert not np.isnan(of_kind(tried(tree(tmp_path), sample), "noisy")).any()


def test_a_sample_of_few_rows_is_joined_by_imagined_ones(tmp_path: Path) -> None:
    """One row would be tried ten thousand times over: nothing varies in it."""
    found = tried(tree(tmp_path), sample_rows(count=1))
    assert len(of_kind(found, "sample")) == 1
    assert (of_kind(found, "shuffled").std(axis=0) > 0).all()


def smooth(weights: NDArray[np.float32]) -> Original:
    """One sigmoid of a weighted sum, in float32 as any network computes it."""

    def predict(rows: Rows) -> Natives:
        return two_columns(1 / (1 + np.exp(-(rows @ weights))))

    return Original(
        framework="tensorflow",
        predict=predict,
        graph=lambda: None,
        output=classes(2, None),
        features=len(weights),
        nan_policy="reject",
        dependencies={},
        framework_version="",
    )


def test_far_rows_whose_answers_are_rounding_noise_are_left_out() -> None:
    cancelling = np.array([*[3e4, -3e4] * 4, 1.0], np.float32)  # four pairs: that all move alike is rare
    sample = np.repeat(np.random.default_rng(0).normal(size=(300, 1)), 9, axis=1).astype(np.float32)
    assert len(of_kind(tried(smooth(np.float32([0.3, -0.2, 0.1] * 3)), sample), "huge")) == 256
    assert len(of_kind(tried(smooth(cancelling), sample), "huge")) < 128
