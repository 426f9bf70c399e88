"""A fitted estimator as one ONNX model, from the features it reads to its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from export.drafts import FLOAT
from export.extras import need
from export.pieces import OPSETS
from export.sketch import Decision, Sketch, check
from export.sklearn_models import READERS
from export.wires import Source, Wire, narrow

if TYPE_CHECKING:
    from onnx import ModelProto

START = "input"


@dataclass(frozen=True)
class Drawing:
    """features: those of the caller, by their places among the features that the estimator was fitted on."""

    sketch: Sketch
    features: tuple[int, ...]
    answer: Wire
    is_decision: bool

    def model(self) -> "ModelProto":
        helper, draft = need("onnx.helper"), self.sketch.draft
        graph = helper.make_graph(
            draft.nodes,
            "sklearn",
            [helper.make_tensor_value_info(START, FLOAT, ["N", len(self.features)])],
            [helper.make_tensor_value_info(self.answer.name, FLOAT, ["N", self.answer.width])],
            draft.constants,
        )
        opsets = [helper.make_opsetid(*opset) for opset in OPSETS.items()]
        model: ModelProto = helper.make_model(graph, opset_imports=opsets)
        return model


def drawn(estimator: Any, *, may_miss: bool, whole: bool) -> Drawing:
    """whole: take every feature that the estimator was fitted on, also those that it drops."""
    check(estimator, READERS.estimators, "cannot export a {}")
    count = int(estimator.n_features_in_)
    drawing = _drawn(estimator, range(count), count, may_miss=may_miss)
    read = sorted(drawing.sketch.read)
    if whole or not drawing.sketch.needs_frame or len(read) == count:
        return drawing
    return _drawn(estimator, read, count, may_miss=may_miss)


def _drawn(estimator: Any, features: Sequence[int], count: int, *, may_miss: bool) -> Drawing:
    sketch = Sketch(READERS)
    answer = sketch.answered(estimator, _start(sketch, features, count, may_miss=may_miss))
    wire = answer.probabilities if isinstance(answer, Decision) else answer
    name = _with_demands(sketch, narrow(sketch.draft, wire).name)
    finished = Wire(sketch.draft.add("Identity", name), wire.sources)
    return Drawing(sketch, tuple(features), finished, isinstance(answer, Decision))


def _start(sketch: Sketch, features: Sequence[int], count: int, *, may_miss: bool) -> Wire:
    """As many columns as the estimator was fitted on; where it drops one, another stands in."""
    places = {feature: place for place, feature in enumerate(features)}
    sources = tuple(Source(places[column]) if column in places else None for column in range(count))
    if len(features) == count:
        return Wire(START, sources, may_miss=may_miss)
    columns = sketch.draft.constant(np.array([places.get(column, 0) for column in range(count)], np.int64))
    return Wire(sketch.draft.add("Gather", START, columns, axis=1), sources, may_miss=may_miss)


def _with_demands(sketch: Sketch, answer: str) -> str:
    """NaN where scikit-learn raises an error instead of answering."""
    if not sketch.demands:
        return answer
    draft = sketch.draft
    least = draft.add("Min", *sketch.demands)
    is_met = draft.add("Greater", least, draft.constant(np.zeros((1, 1), np.float32)))
    return draft.add("Where", is_met, answer, draft.constant(np.full((1, 1), np.nan, np.float32)))
