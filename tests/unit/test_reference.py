"""What a bundle remembers of its sample, read back typed; and refused when it is not what the metadata says."""

from typing import Any

import numpy as np
import pytest

from serinus import reference
from serinus.bundle import REFERENCE, Bundle
from serinus.errors import BundleError
from serinus.metadata import BackgroundSummary, CalibrationSummary, ReferenceSummary
from serinus.reference import BINS, STATISTICS, NotKept
from tests.bundles import resigned, with_reference, write_bundle

COUNTS = np.arange(3 * BINS).reshape(3, BINS)
ARRAYS: dict[str, Any] = {
    **{name: np.arange(3) + place / 10 for place, name in enumerate(STATISTICS)},
    "input_edges": np.zeros((3, BINS - 1), np.float32),
    "input_counts": COUNTS,
    "output_classes": np.array([1, 2, 3]),
    "output_edges": np.linspace(0.1, 0.9, BINS - 1).astype(np.float32),
    "output_counts": np.arange(BINS),
    "calibration_scores": np.array([0.1, 0.2, 0.2, 0.7]),
    "background_rows": np.ones((2, 3), np.float32),
}
SUMMARIES = {
    "reference": ReferenceSummary(rows=6, of=6, bins=BINS, arrays=tuple(ARRAYS)[:-2]),
    "calibration": CalibrationSummary(
        score="1 - probability of the true class",
        rows=4,
        of=4,
        also_in_sample=0,
        held_out="yes",
        arrays=("calibration_scores",),
    ),
    "background": BackgroundSummary(rows=2, of=6, method="by hand", arrays=("background_rows",)),
}


@pytest.fixture
def bundle(tmp_path) -> Bundle:
    return write_bundle(tmp_path)


def remembering(bundle: Bundle, **changes: Any) -> Bundle:
    return with_reference(bundle, {**ARRAYS, **changes}, **SUMMARIES)


def test_what_is_kept_comes_back_typed(bundle):
    kept = remembering(bundle)
    inputs, outputs = reference.inputs(kept), reference.outputs(kept)
    assert inputs.missing.tolist() == [0.0, 1.0, 2.0]
    assert inputs.maximum.tolist() == [0.4, 1.4, 2.4]
    np.testing.assert_array_equal(inputs.counts, COUNTS)
    assert outputs.classes is not None
    assert outputs.classes.tolist() == [1, 2, 3]
    assert outputs.counts.tolist() == list(range(BINS))
    assert reference.calibration(kept).tolist() == [0.1, 0.2, 0.2, 0.7]
    assert reference.background(kept).shape == (2, 3)


@pytest.mark.parametrize(
    ("read", "option"),
    [
        (reference.inputs, "--sample"),
        (reference.outputs, "--sample"),
        (reference.calibration, "--calibration"),
        (reference.background, "--no-background"),
    ],
)
def test_what_was_not_kept_says_how_to_get_it(bundle, read, option):
    with pytest.raises(NotKept, match=f"keeps no .*{option}"):
        read(bundle)


@pytest.mark.parametrize(
    ("read", "change", "message"),
    [
        (reference.inputs, {"input_mean": np.zeros(4)}, r"input_mean must be float64 \(3,\), got float64 \(4,\)"),
        (reference.inputs, {"input_edges": np.zeros((3, 9))}, r"input_edges must be float32 \(3, 9\), got float64"),
        (reference.outputs, {"output_classes": np.zeros(2, int)}, r"output_classes must be int64 \(3,\)"),
        (reference.calibration, {"calibration_scores": np.zeros(5)}, r"must be float64 \(4,\)"),
        (reference.calibration, {"calibration_scores": np.array([0.2, 0.1, 0.3, 0.4])}, "ascending"),
        (reference.calibration, {"calibration_scores": np.array([0.1, 0.2, 0.3, np.nan])}, "finite"),
        (reference.background, {"background_rows": np.ones((3, 3), np.float32)}, r"must be float32 \(2, 3\)"),
        (reference.background, {"background_rows": np.array([None, {}])}, "allow_pickle"),
    ],
)
def test_arrays_of_another_shape_than_the_metadata_says_are_refused(bundle, read, change, message):
    with pytest.raises(BundleError, match=message):
        read(remembering(bundle, **change))


def test_a_file_that_is_no_npz_is_refused_when_it_is_read(bundle):
    kept = remembering(bundle)
    resigned(kept.folder, REFERENCE, b"no npz")
    with pytest.raises(BundleError, match=r"reference\.npz does not hold background_rows"):
        reference.background(Bundle.load(kept.folder))


def test_a_bin_is_closed_above_and_open_below():
    edges = np.float32([1, 2, 2, np.inf])
    values = np.float32([0, 1, 1.5, 2, 2.5, 9, np.nan])
    assert reference.binned(values, edges).tolist() == [2, 2, 0, 2, 0]
