"""From sums to answers: probabilities, and the class that scikit-learn's own predict chooses, ties included."""

import numpy as np

from export.drafts import INT64
from export.sketch import Decision, Sketch
from export.wires import Wire, derived


def decided(sketch: Sketch, probabilities: Wire, *, margins: Wire | None = None) -> Decision:
    """The first of the most probable classes."""
    return Decision(probabilities, first_of_largest(sketch, probabilities.name), margins)


def chosen_by_margin(sketch: Sketch, margins: Wire, *, factor: float = 1.0, zero_is_second: bool = False) -> Decision:
    """One margin, of the second class, or one for each; two classes are told apart by what is above zero."""
    if margins.width > 1:
        probabilities = derived(sketch.draft.add("Softmax", margins.name, axis=1), margins.width)
        return Decision(probabilities, first_of_largest(sketch, margins.name), margins)
    draft, zero = sketch.draft, sketch.draft.constant(np.zeros((1, 1)))
    scaled = margins.name if factor == 1 else draft.add("Mul", margins.name, draft.constant(np.array([[factor]])))
    is_second = draft.add("GreaterOrEqual" if zero_is_second else "Greater", margins.name, zero)
    return Decision(two_columns(sketch, draft.add("Sigmoid", scaled)), draft.add("Cast", is_second, to=INT64), margins)


def two_columns(sketch: Sketch, second: str) -> Wire:
    """Probabilities [N, 2] out of those of the second class, float64 [N, 1]."""
    first = sketch.draft.add("Sub", sketch.draft.constant(np.ones((1, 1))), second)
    return derived(sketch.draft.add("Concat", first, second, axis=1), 2)


def first_of_largest(sketch: Sketch, name: str) -> str:
    return sketch.draft.add("ArgMax", name, axis=1, keepdims=1)


def exponential(sketch: Sketch, margins: Wire) -> Wire:
    return derived(sketch.draft.add("Exp", margins.name), margins.width)
