"""Whether a scikit-learn model was fitted on float32 or on float64 numbers, by what it remembers of them.

It matters behind a scaler: in the other precision many a number comes out one bit apart, on the other side of a
threshold that was one of the numbers it was trained on. On 30,000 rows of card payments, XGBoost behind a
StandardScaler then answered 28,390 otherwise, by up to 0.61.

Most transformers remember the type they were fitted on. A StandardScaler does not, but trees behind it do: XGBoost
turns at numbers it was trained on, and only in one precision do all of them come out of some float32 number. Others
turn halfway between two numbers, and halfway between two float32 lies a float64 with many zeros at its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.boundaries import first_reaching
from export.errors import Refused
from export.original import Original
from export.steps import Precision, Step, apply, parts_of, steps_of
from export.wires import Source, Wire

ZERO_BITS = (1 << 24) - 1
TURN = ("feature", "threshold")
REMEMBERS = {"MinMaxScaler": "scale_", "RobustScaler": "center_"}


@dataclass
class Clues:
    """What shows the precision: types that were fitted on, and thresholds of trees behind arithmetic.

    reached: those that are numbers behind `steps` of one feature; halfway: those that lie between two numbers
    """

    types: list[Precision] = field(default_factory=list)
    reached: list[tuple[tuple[Step, ...], NDArray[np.float32]]] = field(default_factory=list)
    halfway: list[NDArray[np.float64]] = field(default_factory=list)

    def remember(self, dtype: Precision | None, given: Wire) -> None:
        """Something fitted on nothing but features of the caller says on which type."""
        if dtype is not None and not given.is_wide and all(source is not None for source in given.sources):
            self.types.append(dtype)

    def turn(
        self, given: Wire, feature: NDArray[np.integer], threshold: NDArray[np.floating], *, at_numbers: bool
    ) -> None:
        """Trees on `given` turn at numbers that they were trained on, or else halfway between two."""
        for column in np.unique(feature[feature >= 0]).tolist():
            source = given.sources[column]
            if source is None or all(step.operation == "Fill" for step in source.steps):
                continue
            own = np.unique(threshold[(feature == column) & np.isfinite(threshold)])
            if at_numbers:
                self.reached.append((source.steps, own.astype(np.float32)))
            else:
                self.halfway.append(own.astype(np.float64))


def fitted_on(transformer: Any) -> Precision | None:
    """The type that an imputer or scaler was fitted on, if it says so; all that is not float32 turned into float64."""
    kind = type(transformer).__name__
    if kind == "SimpleImputer":
        known = getattr(transformer, "_fit_dtype", None)
        return None if known is None else _precision(known)
    known = getattr(transformer, REMEMBERS.get(kind, ""), None)
    return None if known is None else _precision(known.dtype)


def trained_on(transformer: Any, model: Original) -> Precision:
    """The type of the rows that a `transformer` was fitted on and a `model` behind it was trained on."""
    narrow, wide = (_clues_behind(transformer, model, dtype) for dtype in (np.float32, np.float64))
    return np.float64 if is_double(narrow, wide) else np.float32


def _clues_behind(transformer: Any, model: Original, dtype: Precision) -> Clues:
    clues, steps = Clues(), steps_of(transformer, dtype)
    places = range(model.features)
    made = Wire("", tuple(Source(place, tuple(step.of(np.array([place])) for step in steps)) for place in places))
    for part in parts_of(transformer):
        clues.remember(fitted_on(part), made)
    if model.framework == "xgboost":
        feature, threshold = (np.concatenate([getattr(tree, name) for tree in model.trees]) for name in TURN)
        clues.turn(made, feature, threshold, at_numbers=True)
    return clues


def is_double(narrow: Clues, wide: Clues) -> bool:
    """Whether a model was fitted on float64, by the clues of its two drawings; it is when nothing tells."""
    if narrow.types:
        return _agreed(narrow.types) == np.float64
    if narrow.halfway:
        return not _are_between_floats(np.concatenate(narrow.halfway))
    return _hits(narrow.reached) <= _hits(wide.reached)


def _precision(dtype: np.dtype[Any]) -> Precision:
    return np.float32 if dtype == np.float32 else np.float64


def _agreed(types: Sequence[Precision]) -> Precision:
    if len(set(types)) > 1:
        raise Refused("the model was fitted on float32 in some columns and on float64 in others: fit it on one of them")
    return types[0]


def _are_between_floats(thresholds: NDArray[np.float64]) -> bool:
    return bool((thresholds.view(np.int64) & ZERO_BITS == 0).mean() > 0.5)


def _hits(reached: Sequence[tuple[tuple[Step, ...], NDArray[np.float32]]]) -> int:
    """How many thresholds are what some float32 number becomes."""
    hits = 0
    for steps, thresholds in reached:
        first = first_reaching(thresholds, np.zeros(len(thresholds), np.int32), steps)
        hits += int((apply(steps, first[:, None])[:, 0] == thresholds).sum())
    return hits
