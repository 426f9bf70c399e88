"""Preprocessing as arithmetic: what fitted imputers and scalers do to float32 rows, rounding as scikit-learn rounds.

scikit-learn fed float32 rows answers float32 rows, but not every transformer computes in float32 on the way: a
constant kept in float64 makes NumPy compute in float64 and round back. A step therefore has the dtype of its constant,
here and in the graph; a tree behind a scaler would otherwise see the neighbour of the number it was trained on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    """

    operation: Operation
    constant: NDArray[np.floating]

    def __call__(self, rows: Rows) -> Rows:
        if self.operation == "Fill":
            return np.where(np.isnan(rows), self.constant, rows)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            exact = ARITHMETIC[self.operation](rows.astype(self.constant.dtype), self.constant)
            return np.asarray(exact, np.float32)


def apply(steps: Sequence[Step], rows: Rows) -> Rows:
    for step in steps:
        rows = step(rows)
    return rows


def fills(steps: Sequence[Step]) -> bool:
    """Whether nothing is missing any more behind the `steps`."""
    return any(step.operation == "Fill" for step in steps)


def steps_of(transformer: Any, *, wide: bool = False) -> tuple[Step, ...]:
    """The steps of a fitted scikit-learn transformer, or of a Pipeline of them; Refused when one is not arithmetic.

    wide: on float64 rows, where every constant keeps the precision it was fitted in
    """
    if type(transformer).__name__ == "Pipeline":
        return tuple(step for _, part in transformer.steps for step in steps_of(part, wide=wide))
    if transformer is None or transformer == "passthrough":
        return ()
    kind = type(transformer).__name__
    if kind not in READERS:
        raise Refused(f"cannot put a {kind} in front of a model; supported are {', '.join(READERS)}, and Pipelines")
    check_fitted(transformer)
    return READERS[kind](transformer, np.float64 if wide else np.float32)


def is_arithmetic(transformer: Any) -> bool:
    """Whether a transformer does the same kind of thing to every column: all numbers in, as many numbers out."""
    if type(transformer).__name__ == "Pipeline":
        return all(is_arithmetic(part) for _, part in transformer.steps)
    if type(transformer).__name__ == "SimpleImputer":
        return not works_on_objects(transformer)
    return transformer is None or transformer == "passthrough" or type(transformer).__name__ in READERS


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
