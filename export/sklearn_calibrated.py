"""CalibratedClassifierCV: scores of one or several models, bent to be probabilities, and their mean."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.drafts import INT64
from export.ensembles import Grown, added_up
from export.errors import Refused
from export.sketch import Decision, Sketch
from export.sklearn_answers import decided, two_columns
from export.sklearn_votes import averaged
from export.wires import Wire, derived, wide

METHODS = ("sigmoid", "isotonic")


def calibrated(sketch: Sketch, calibrated: Any, given: Wire) -> Decision:
    members = [_member(sketch, member, given) for member in calibrated.calibrated_classifiers_]
    return decided(sketch, averaged(sketch, members, np.ones(len(members))))


def _member(sketch: Sketch, member: Any, given: Wire) -> Wire:
    if member.method not in METHODS:
        raise Refused(f"the calibration {member.method!r} is not supported, only {' and '.join(METHODS)}")
    known = np.asarray(member.estimator.classes_)
    if not np.array_equal(known, member.classes):
        raise Refused(f"a calibrated model knows the classes {known.tolist()} of {np.asarray(member.classes).tolist()}")
    scores = _scores(sketch, member, given)
    bent = [
        _bent(sketch, calibrator, sketch.select(scores, [column]))
        for column, calibrator in enumerate(member.calibrators)
    ]
    if len(known) == 2:
        return _at_most_one(sketch, two_columns(sketch, bent[0]))
    return _at_most_one(sketch, _shared(sketch, bent))


def _scores(sketch: Sketch, member: Any, given: Wire) -> Wire:
    """float64, the margins where the model has a decision_function; of two classes those of the second one."""
    with sketch.finely():
        decision = sketch.decided(member.estimator, given)
    if not hasattr(member.estimator, "decision_function"):
        probabilities = wide(sketch.draft, decision.probabilities)
        return sketch.select(probabilities, [1]) if probabilities.width == 2 else probabilities
    if decision.margins is None:
        raise Refused(f"the {type(member.estimator).__name__} has no decision_function that can be exported")
    return wide(sketch.draft, decision.margins)


def _bent(sketch: Sketch, calibrator: Any, score: Wire) -> str:
    if hasattr(calibrator, "a_"):
        draft = sketch.draft
        sloped = draft.add("Mul", score.name, draft.constant(np.array([[-calibrator.a_]], np.float64)))
        return draft.add("Sigmoid", draft.add("Sub", sloped, draft.constant(np.array([[calibrator.b_]], np.float64))))
    return _interpolated(sketch, calibrator, score)


def _interpolated(sketch: Sketch, isotonic: Any, score: Wire) -> str:
    """Straight lines between the points of an isotonic regression; a tree finds the line."""
    draft = sketch.draft
    at, value = isotonic.X_thresholds_.astype(np.float64), isotonic.y_thresholds_.astype(np.float64)
    slopes = np.append(np.diff(value) / np.diff(at), 0.0)
    bounds = [draft.constant(np.array([[bound]])) for bound in (at[0], at[-1])]
    clipped = draft.add("Max", draft.add("Min", score.name, bounds[1]), bounds[0])
    line = draft.add("Cast", added_up(draft, clipped, [_search(at)], 1), to=INT64)
    start, first, slope = (draft.add("Gather", draft.constant(each), line) for each in (at, value, slopes))
    return draft.add("Add", draft.add("Mul", draft.add("Sub", clipped, start), slope), first)


def _search(at: NDArray[np.float64]) -> Grown:
    """A balanced tree that answers which of the lines between the points `at` a number lies on."""
    nodes: list[tuple[int, float, int, int, float]] = []
    _split(nodes, at, 0, max(1, len(at) - 1))
    feature, threshold, left, right, line = (np.array(column) for column in zip(*nodes, strict=True))
    return Grown(feature, threshold, left, right, np.zeros(len(nodes), bool), line[:, None], (0,))


def _split(nodes: list[tuple[int, float, int, int, float]], at: NDArray[np.float64], low: int, high: int) -> int:
    """Append what tells the lines from `low` to below `high` apart; the place of its root."""
    place = len(nodes)
    nodes.append((-1, 0.0, 0, 0, float(low)))
    if high - low > 1:
        middle = (low + high) // 2
        left = _split(nodes, at, low, middle)
        right = _split(nodes, at, middle, high)
        nodes[place] = (0, float(at[middle]), left, right, 0.0)
    return place


def _shared(sketch: Sketch, bent: Sequence[str]) -> Wire:
    """Every class by its share of the sum; all alike where nothing is left of any."""
    draft = sketch.draft
    together = draft.add("Concat", *bent, axis=1)
    total = draft.add("ReduceSum", together, draft.constant(np.array([1])), keepdims=1)
    alike = draft.constant(np.full((1, len(bent)), 1 / len(bent)))
    is_nothing = draft.add("Equal", total, draft.constant(np.zeros((1, 1))))
    return derived(draft.add("Where", is_nothing, alike, draft.add("Div", together, total)), len(bent))


def _at_most_one(sketch: Sketch, probabilities: Wire) -> Wire:
    """Sums of probabilities can end just above 1."""
    most = sketch.draft.constant(np.ones((1, 1)))
    return derived(sketch.draft.add("Min", probabilities.name, most), probabilities.width)
