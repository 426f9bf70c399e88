"""A trained model as its own library runs it: the truth that a bundle is measured against."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from export.errors import Refused
from export.steps import Step
from serinus.category import Category
from serinus.golden import Natives
from serinus.names import twice
from serinus.schema import ClassificationSchema, NanPolicy, OutputSchema, RegressionSchema, Rows

if TYPE_CHECKING:
    from onnx import ModelProto

Framework = Literal["tensorflow", "xgboost", "lightgbm", "sklearn", "onnx"]


@dataclass(frozen=True)
class Tree:
    """A decision tree, node by node: a row goes left where its `feature` is below `threshold` (feature -1: a leaf)."""

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]


@dataclass(frozen=True)
class Original:
    """predict: float32 rows [N, F] -> probabilities [N, C] or values [N, 1], by the native library

    graph: the converter's ONNX model, not normalised yet; it starts where the `steps` end
    steps: arithmetic that the graph needs in front, when the original does it by itself (a scikit-learn Pipeline)
    trees: what the gate takes its edge rows from; empty for a model without thresholds
    categories: by place, the features that are words to a caller: a row holds the number of the word, -1 for another
    codes: by place, the features that are whole numbers to the model, and the numbers it tells apart
    knows: which rows the original answers, where it raises an error about some; `predict` answers those with NaN
    settled: which rows do not hang on a last bit, where some may: a member of a hard vote may be undecided
    on_the_way: by place, what the graph itself does to a feature before it is used: from where the gate imagines rows
    adds_up: whether features go into sums beside the trees, where the largest numbers there are leave only noise
    examples: rows that came with the model, which the gate tries where there is no sample
    training: what the file says of how it came about, to be kept in the metadata
    """

    framework: Framework
    predict: Callable[[Rows], Natives]
    graph: Callable[[], "ModelProto"]
    output: OutputSchema
    features: int
    nan_policy: NanPolicy
    dependencies: dict[str, str]
    framework_version: str
    names: tuple[str, ...] | None = None
    steps: tuple[Step, ...] = ()
    trees: tuple[Tree, ...] = ()
    categories: Mapping[int, Category] = field(default_factory=dict)
    codes: Mapping[int, NDArray[np.float32]] = field(default_factory=dict)
    knows: Callable[[Rows], NDArray[np.bool_]] | None = None
    settled: Callable[[Rows], NDArray[np.bool_]] | None = None
    adds_up: bool = False
    on_the_way: Mapping[int, tuple[Step, ...]] = field(default_factory=dict)
    examples: Rows | None = None
    training: Mapping[str, JsonValue] = field(default_factory=dict)


def classes(count: int, labels: Sequence[str] | None) -> ClassificationSchema:
    """The output of a model that numbers its `count` classes; `labels` name them in that order."""
    names = tuple(labels or map(str, range(count)))
    if len(names) != count:
        raise Refused(f"the model has {count} classes, but {len(names)} labels were given: {', '.join(names)}")
    if twice(names):
        raise Refused(f"labels must differ from each other, got {', '.join(twice(names))} more than once")
    return ClassificationSchema(classes=count, labels=names)


def named_classes(names: Sequence[str], labels: Sequence[str] | None) -> ClassificationSchema:
    """The output of a model that knows the `names` of its classes; `labels` may repeat them, but not contradict."""
    if labels is not None and tuple(labels) != tuple(names):
        raise Refused(
            f"the labels given are {', '.join(labels)}, but the model was trained with {', '.join(names)}, "
            "in this order: leave --labels out, or repeat the model's"
        )
    return classes(len(names), names)


def value(labels: Sequence[str] | None) -> RegressionSchema:
    """The output of a regressor, which has no labels."""
    if labels is not None:
        raise Refused(f"the model answers one number per row, not classes: {', '.join(labels)} cannot be its labels")
    return RegressionSchema()


def two_columns(positive: Natives) -> Natives:
    """Probabilities [N, 2] out of those of the second class."""
    flat = positive.reshape(-1)
    return np.stack([1 - flat, flat], axis=1)
