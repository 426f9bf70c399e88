"""What a bundle remembers of the rows it was exported with, read from reference.npz when somebody asks for it.

    input_missing, input_mean, input_std, input_min, input_max    [F], of the values that are there
    input_edges [F, 9], input_counts [F, 10]                      a histogram of every feature
    output_classes [C]                                            answers per class (classifiers)
    output_edges [9], output_counts [10]                          a histogram of the confidence, or of the value
    calibration_scores [n]                                        ascending; see `CalibrationSummary`
    background_rows [m, F]

Bin i of a histogram holds what lies above edges[i - 1] and not above edges[i]; the first and the last are open. Edges
are values that were seen, so a feature of ten values or fewer has a bin for each; an edge of infinity closes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from serinus.bundle import REFERENCE
from serinus.errors import BundleError
from serinus.metadata import Metadata
from serinus.schema import ClassificationSchema, Rows

BINS = 10
STATISTICS = ("input_missing", "input_mean", "input_std", "input_min", "input_max")
Numbers = NDArray[np.float64]
Edges = NDArray[np.float32]
Counts = NDArray[np.int64]
Expected = Mapping[str, tuple[str, tuple[int, ...]]]


class Keeper(Protocol):
    """A bundle, or the model that was loaded from it."""

    @property
    def folder(self) -> Path: ...
    @property
    def metadata(self) -> Metadata: ...


class NotKept(BundleError):
    """The bundle was exported without what is asked for."""


@dataclass(frozen=True)
class Inputs:
    """By feature, [F]. missing: the share of rows without a value; edges: [F, 9]; counts: [F, 10]"""

    missing: Numbers
    mean: Numbers
    std: Numbers
    minimum: Numbers
    maximum: Numbers
    edges: Edges
    counts: Counts


@dataclass(frozen=True)
class Outputs:
    """classes: answers per class, [C], of a classifier; edges [9] and counts [10] of its confidence, or of the value"""

    classes: Counts | None
    edges: Edges
    counts: Counts


def binned(values: NDArray[np.floating], edges: Edges) -> Counts:
    """How many of `values` fall in each of the bins that `edges` part; NaN falls in none."""
    there = values[~np.isnan(values)]
    return np.bincount(np.searchsorted(edges, there, side="left"), minlength=len(edges) + 1)


def inputs(bundle: Keeper) -> Inputs:
    _demand(bundle, bundle.metadata.reference, "reference statistics", "--sample")
    features = bundle.metadata.input_schema.features
    histograms = {"input_edges": ("float32", (features, BINS - 1)), "input_counts": ("int64", (features, BINS))}
    return Inputs(*_arrays(bundle, {**dict.fromkeys(STATISTICS, ("float64", (features,))), **histograms}))


def outputs(bundle: Keeper) -> Outputs:
    _demand(bundle, bundle.metadata.reference, "reference statistics", "--sample")
    schema = bundle.metadata.output_schema
    histogram: Expected = {"output_edges": ("float32", (BINS - 1,)), "output_counts": ("int64", (BINS,))}
    if not isinstance(schema, ClassificationSchema):
        return Outputs(None, *_arrays(bundle, histogram))
    return Outputs(*_arrays(bundle, {"output_classes": ("int64", (schema.classes,)), **histogram}))


def calibration(bundle: Keeper) -> Numbers:
    """The nonconformity scores, ascending."""
    kept = bundle.metadata.calibration
    _demand(bundle, kept, "calibration scores", "--calibration")
    [scores] = _arrays(bundle, {"calibration_scores": ("float64", (kept.rows if kept else 0,))})
    if not np.isfinite(scores).all() or (np.diff(scores) < 0).any():
        raise BundleError(f"{bundle.folder / REFERENCE}: calibration_scores must be finite numbers in ascending order")
    return scores


def background(bundle: Keeper) -> Rows:
    kept = bundle.metadata.background
    _demand(bundle, kept, "background rows", "--sample, and without --no-background")
    width = bundle.metadata.input_schema.features
    [rows] = _arrays(bundle, {"background_rows": ("float32", (kept.rows if kept else 0, width))})
    return rows


def check(bundle: Keeper) -> None:
    """Read all that the bundle's metadata says it keeps; BundleError when that is not what is there."""
    told = bundle.metadata
    if told.reference is not None:
        inputs(bundle)
        outputs(bundle)
    if told.calibration is not None:
        calibration(bundle)
    if told.background is not None:
        background(bundle)


def _demand(bundle: Keeper, kept: object | None, what: str, option: str) -> None:
    if kept is None:
        raise NotKept(f"{bundle.folder} keeps no {what}: export the model with {option}")


def _arrays(bundle: Keeper, expected: Expected) -> list[NDArray[Any]]:
    file = bundle.folder / REFERENCE
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            arrays = [np.asarray(kept[name]) for name in expected]
    except (OSError, EOFError, ValueError, TypeError, KeyError, BadZipFile) as error:
        raise BundleError(f"{file} does not hold {', '.join(expected)}: {error}") from error
    for array, (name, (dtype, shape)) in zip(arrays, expected.items(), strict=True):
        if (array.dtype, array.shape) != (np.dtype(dtype), shape):
            raise BundleError(f"{file}: {name} must be {dtype} {shape}, got {array.dtype} {array.shape}")
    return arrays
