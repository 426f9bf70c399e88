"""Preprocessing as arithmetic: what fitted imputers and scalers do to rows, rounding as scikit-learn rounds.

scikit-learn fed float64 rows computes in float64. Fed float32 rows it answers float32 rows, but not every transformer
computes in float32 on the way: a constant kept in float64 makes NumPy compute in float64 and round back. Both are kept
here and in the graph; a tree behind a scaler would otherwise see the neighbour of the number it was trained on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from export.errors import Refused
from export.extras import need
from serinus.schema import Rows

Precision = type[np.float32] | type[np.float64]
Operation = Literal["Fill", "Sub", "Div", "Mul", "Add", "Max", "Min"]
ARITHMETIC: dict[Operation, Any] = {
    "Sub": np.subtract,
    "Div": np.divide,
    "Mul": np.multiply,
    "Add": np.add,
    "Max": np.maximum,
    "Min": np.minimum,
}


@dataclass(frozen=True)
class Step:
    """One operation on every feature; `constant` is float32 or float64 [F], and says in which of them it is done.

    Fill puts the constant where a value is missing; the others are ONNX operators of these names.
    keeps: the result stays float64, or else it is rounded to float32
    """

    operation: Operation
    constant: NDArray[np.floating]
    keeps: bool = False

    def __call__(self, rows: NDArray[np.floating]) -> NDArray[np.floating]:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            made = self._computed(rows)
            return made if self.keeps else made.astype(np.float32)

    def _computed(self, rows: NDArray[np.floating]) -> NDArray[np.floating]:
        if self.operation == "Fill":
            return np.where(np.isnan(rows), self.constant, rows)
        wider = np.result_type(rows.dtype, self.constant.dtype)
        made: NDArray[np.floating] = ARITHMETIC[self.operation](rows.astype(wider), self.constant)
        return made

    def of(self, features: NDArray[np.integer]) -> "Step":
        """The step as it is for some features."""
        return replace(self, constant=self.constant[features])


def apply(steps: Sequence[Step], rows: Rows) -> Rows:
    with np.errstate(over="ignore"):
        return apply_unrounded(steps, rows).astype(np.float32)


def apply_unrounded(steps: Sequence[Step], rows: NDArray[np.floating]) -> NDArray[np.floating]:
    """float32 where the last step is, or else float64."""
    for step in steps:
        rows = step(rows)
    return rows


def fills(steps: Sequence[Step]) -> bool:
    """Whether nothing is missing any more behind the `steps`."""
    return any(step.operation == "Fill" for step in steps)


def steps_of(transformer: Any, dtype: Precision = np.float32) -> tuple[Step, ...]:
    """The steps of a fitted scikit-learn transformer, or of a Pipeline of them; Refused when one is not arithmetic.

    dtype: of the rows that it is fed
    """
    return tuple(step for part in parts_of(transformer) for step in _steps(part, dtype))


def parts_of(transformer: Any) -> list[Any]:
    """The transformers of a Pipeline, one after another, or the one there is."""
    if type(transformer).__name__ == "Pipeline":
        return [each for _, part in transformer.steps for each in parts_of(part)]
    return [] if transformer is None or transformer == "passthrough" else [transformer]


def _steps(transformer: Any, dtype: Precision) -> tuple[Step, ...]:
    kind = type(transformer).__name__
    if kind not in READERS:
        raise Refused(f"cannot put a {kind} in front of a model; supported are {', '.join(READERS)}, and Pipelines")
    check_fitted(transformer)
    steps = READERS[kind](transformer, dtype)
    if dtype == np.float32:
        return steps
    return tuple(replace(step, constant=step.constant.astype(np.float64), keeps=True) for step in steps)


def works_on_objects(imputer: Any) -> bool:
    """Whether an imputer was fitted on Python objects, as it is on columns of words: numbers turn into float64 then."""
    return getattr(imputer, "_fit_dtype", np.dtype(np.float64)).kind == "O"


def check_fitted(estimator: Any) -> None:
    try:
        need("sklearn.utils.validation").check_is_fitted(estimator)
    except need("sklearn.exceptions").NotFittedError as error:
        raise Refused(f"the {type(estimator).__name__} is not fitted: train it before it is saved") from error


def missing_is_nan(imputer: Any) -> bool:
    return isinstance(imputer.missing_values, float) and bool(np.isnan(imputer.missing_values))


def _imputer(imputer: Any, dtype: Precision) -> tuple[Step, ...]:
    if not missing_is_nan(imputer):
        raise Refused(f"a SimpleImputer must fill NaN, this one fills {imputer.missing_values!r}")
    if imputer.add_indicator:
        raise Refused("a SimpleImputer with add_indicator=True adds columns, which is not supported")
    try:
        values = imputer.statistics_.astype(np.float64)  # an array of objects where the strategy is "constant"
    except ValueError:
        shown = list(imputer.statistics_[:3])
        raise Refused(f"a SimpleImputer must fill with numbers, this one fills with {shown}") from None
    check_nothing_dropped(imputer, np.isnan(values))
    return (Step("Fill", values.astype(dtype)),)


def check_nothing_dropped(imputer: Any, is_empty: NDArray[np.bool_]) -> None:
    empty = np.flatnonzero(is_empty)
    if len(empty):
        raise Refused(
            f"the {type(imputer).__name__} drops the features {', '.join(map(str, empty[:10]))}, which were always "
            "missing when it was fitted: fit it without them, or with keep_empty_features=True"
        )


def _standard(scaler: Any, dtype: Precision) -> tuple[Step, ...]:
    shift = [Step("Sub", scaler.mean_.astype(dtype))] if scaler.with_mean else []
    divide = [Step("Div", scaler.scale_.astype(dtype))] if scaler.with_std else []
    return (*shift, *divide)


def _robust(scaler: Any, _: Precision) -> tuple[Step, ...]:
    shift = [Step("Sub", scaler.center_)] if scaler.with_centering else []
    divide = [Step("Div", scaler.scale_)] if scaler.with_scaling else []
    return (*shift, *divide)


def _min_max(scaler: Any, dtype: Precision) -> tuple[Step, ...]:
    stretch = (Step("Mul", scaler.scale_), Step("Add", scaler.min_))
    if not scaler.clip:
        return stretch
    low, high = (np.full(len(scaler.scale_), bound, dtype) for bound in scaler.feature_range)
    return (*stretch, Step("Max", low), Step("Min", high))


READERS: dict[str, Callable[[Any, Precision], tuple[Step, ...]]] = {
    "SimpleImputer": _imputer,
    "StandardScaler": _standard,
    "MinMaxScaler": _min_max,
    "RobustScaler": _robust,
}
