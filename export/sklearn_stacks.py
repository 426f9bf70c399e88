"""StackingClassifier and StackingRegressor: the answers of some models are the features of the last one."""

from typing import Any

import numpy as np

from export.errors import Refused
from export.sketch import Answer, Decision, Sketch
from export.wires import Wire, derived, joined


def stacking(sketch: Sketch, stacking: Any, given: Wire) -> Answer:
    if given.is_sparse and stacking.passthrough:
        raise Refused(f"a {type(stacking).__name__} that passes a sparse matrix through is not supported")
    with sketch.finely():
        made = [
            _feature(sketch, stacking, member, method, given)
            for member, method in zip(stacking.estimators_, _methods(stacking), strict=True)
        ]
    features = joined(sketch.draft, [*made, given] if stacking.passthrough else made)
    return sketch.answered(stacking.final_estimator_, features)


def _methods(stacking: Any) -> list[str]:
    """How each of the members that were not dropped is asked."""
    return [method for method in stacking.stack_method_ if method is not None]


def _feature(sketch: Sketch, stacking: Any, member: Any, method: str, given: Wire) -> Wire:
    answer = sketch.answered(member, given)
    if isinstance(answer, Wire):
        return answer
    if method == "predict":
        return _classes(sketch, member, answer)
    if method == "decision_function":
        if answer.margins is None:
            raise Refused(f"the {type(member).__name__} has no decision_function that can be exported")
        return answer.margins
    probabilities = answer.probabilities
    two = hasattr(stacking, "classes_") and len(stacking.classes_) == 2
    return sketch.select(probabilities, range(1, probabilities.width)) if two else probabilities


def _classes(sketch: Sketch, member: Any, answer: Decision) -> Wire:
    """The chosen class itself, as a number."""
    classes = np.asarray(member.classes_)
    if classes.dtype.kind not in "iubf":
        raise Refused(f"the {type(member).__name__} answers words to the model that is stacked on it")
    return derived(sketch.draft.add("Gather", sketch.draft.constant(classes.astype(np.float64)), answer.choice), 1)
