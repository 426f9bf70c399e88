"""A fitted estimator as one ONNX model, from the features it reads to its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from export.drafts import FLOAT, Draft
from export.extras import need
from export.feature_names import Names, fitted_names
from export.pieces import IR, OPSETS
from export.precision import is_double
from export.sketch import Decision, Sketch, check
from export.sklearn_models import READERS
from export.steps import Precision
from export.wires import Source, Wire, narrow, wide

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

START = "input"


@dataclass(frozen=True)
class Drawing:
    """features: those of the caller, by their places among the features that the estimator was fitted on; their names

    dtype: in which type numbers reach the estimator
    """

    sketch: Sketch
    features: tuple[int, ...]
    names: Names | None
    dtype: Precision
    answer: Wire
    is_decision: bool


def surveyed(estimator: Any) -> Drawing:
    """The estimator in the precision it was fitted in, without columns that it selects nothing from; not drawn yet."""
    check(estimator, READERS.estimators, "cannot export a {}")
    every = range(int(_entrance(estimator).n_features_in_))
    drawing = _drawn(estimator, every, np.float32)
    if drawing.sketch.numbers.are_stepped:
        double = _drawn(estimator, every, np.float64)
        drawing = double if is_double(drawing.sketch.clues, double.sketch.clues) else drawing
    read = sorted(drawing.sketch.read)
    if not drawing.sketch.needs_frame or len(read) == len(every):
        return drawing
    return _drawn(estimator, read, drawing.dtype)


def model_of(estimator: Any, features: Sequence[int], dtype: Precision) -> "ModelProto":
    helper = need("onnx.helper")
    model: ModelProto = need("onnx").ModelProto(ir_version=IR)
    drawing = _drawn(estimator, features, dtype, model.graph)
    model.graph.name = "sklearn"
    model.graph.input.append(helper.make_tensor_value_info(START, FLOAT, ["N", len(features)]))
    model.graph.output.append(helper.make_tensor_value_info(drawing.answer.name, FLOAT, ["N", drawing.answer.width]))
    model.opset_import.extend(helper.make_opsetid(*opset) for opset in OPSETS.items())
    return model


def _entrance(estimator: Any) -> Any:
    """What reads the rows first: a Pipeline may begin with steps that do nothing."""
    if type(estimator).__name__ != "Pipeline":
        return estimator
    return _entrance(next(step for _, step in estimator.steps if step is not None and step != "passthrough"))


def _drawn(estimator: Any, features: Sequence[int], dtype: Precision, graph: "GraphProto | None" = None) -> Drawing:
    entrance = _entrance(estimator)
    known = fitted_names(entrance)
    names = None if known is None else tuple(known[feature] for feature in features)
    sketch = Sketch(READERS, names, Draft("n", graph))
    start = _start(sketch, features, int(entrance.n_features_in_))
    answer = sketch.answered(estimator, wide(sketch.draft, start) if dtype == np.float64 else start)
    wire = answer.probabilities if isinstance(answer, Decision) else answer
    name = _with_demands(sketch, narrow(sketch.draft, wire).name)
    finished = Wire(sketch.draft.add("Identity", name), wire.sources)
    return Drawing(sketch, tuple(features), names, dtype, finished, isinstance(answer, Decision))


def _start(sketch: Sketch, features: Sequence[int], count: int) -> Wire:
    """As many columns as the estimator was fitted on; where it drops one, another stands in."""
    places = {feature: place for place, feature in enumerate(features)}
    sources = tuple(Source(places[column]) if column in places else None for column in range(count))
    if len(features) == count:
        return Wire(START, sources, may_miss=True)
    columns = sketch.draft.constant(np.array([places.get(column, 0) for column in range(count)], np.int64))
    return Wire(sketch.draft.add("Gather", START, columns, axis=1), sources, may_miss=True)


def _with_demands(sketch: Sketch, answer: str) -> str:
    """NaN where scikit-learn raises an error instead of answering."""
    if not sketch.demands:
        return answer
    draft = sketch.draft
    least = draft.add("Min", *sketch.demands)
    is_met = draft.add("Greater", least, draft.constant(np.zeros((1, 1), np.float32)))
    return draft.add("Where", is_met, answer, draft.constant(np.full((1, 1), np.nan, np.float32)))
