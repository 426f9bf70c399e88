"""VotingClassifier and VotingRegressor: averages of answers, or shares of votes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.drafts import DOUBLE
from export.errors import Refused
from export.sketch import Decision, Sketch
from export.sklearn_answers import decided
from export.wires import Wire, derived, wide

UNDECIDED = 1e-5  # what probabilities may differ by


def voting_classifier(sketch: Sketch, voting: Any, given: Wire) -> Decision:
    members = [sketch.decided(member, given) for member in voting.estimators_]
    check_classes(voting.estimators_, len(voting.classes_))
    weights = _weights(voting)
    if voting.voting == "soft":
        return decided(sketch, averaged(sketch, [member.probabilities for member in members], weights))
    votes = [_vote(sketch, member.choice, len(voting.classes_)) for member in members]
    return decided(sketch, averaged(sketch, votes, weights))


def voting_regressor(sketch: Sketch, voting: Any, given: Wire) -> Wire:
    return averaged(sketch, [sketch.valued(member, given) for member in voting.estimators_], _weights(voting))


def averaged(sketch: Sketch, wires: Sequence[Wire], weights: NDArray[np.float64]) -> Wire:
    """The weighted mean; it adds up first and divides then, so that as many votes make exactly a tie."""
    draft = sketch.draft
    parts = [
        draft.add("Mul", wide(draft, wire).name, draft.constant(np.array([[weight]])))
        for wire, weight in zip(wires, weights, strict=True)
    ]
    total = draft.add("Sum", *parts)
    return derived(draft.add("Div", total, draft.constant(np.array([[weights.sum()]]))), wires[0].width)


def shares(voting: Any, rows: Any) -> NDArray[np.float64]:
    """The shares of a hard vote, out of the votes of the members as scikit-learn collects and counts them."""
    weights = _weights(voting)
    votes = voting.transform(rows)
    counted = [np.bincount(row, weights, minlength=len(voting.classes_)) for row in votes]
    shared: NDArray[np.float64] = np.array(counted).reshape(-1, len(voting.classes_)) / weights.sum()
    return shared


def settled(model: Any, rows: Any) -> NDArray[np.bool_]:
    """Where every member of a hard vote prefers one class: between two that are as likely, its last bit would vote."""
    voting, given = last(model, rows)
    return np.asarray(np.all([_prefers_one(member, given) for member in voting.estimators_], axis=0))


def _prefers_one(member: Any, rows: Any) -> NDArray[np.bool_]:
    if not hasattr(member, "predict_proba"):  # a hard vote itself
        return settled(member, rows)
    second, best = np.sort(member.predict_proba(rows), axis=1)[:, -2:].T
    return np.asarray(best - second >= UNDECIDED)


def last(model: Any, rows: Any) -> tuple[Any, Any]:
    """The estimator at the end of a Pipeline, and the rows as they come there."""
    if type(model).__name__ != "Pipeline":
        return model, rows
    *front, (_, end) = model.steps
    return last(end, model[: len(front)].transform(rows) if front else rows)


def check_classes(members: Sequence[Any], count: int) -> None:
    """Members of a vote are trained on the numbers of the classes; one that has not seen all of them answers fewer."""
    for member in members:
        known = np.asarray(member.classes_)
        if known.dtype.kind not in "iub" or not np.array_equal(known, np.arange(count)):
            raise Refused(f"the {type(member).__name__} knows the classes {known.tolist()}, the whole model {count}")


def _weights(voting: Any) -> NDArray[np.float64]:
    """Those of the members that were not dropped."""
    given = voting._weights_not_none
    weights = np.ones(len(voting.estimators_)) if given is None else np.array(given, np.float64)
    if (weights < 0).any() or weights.sum() <= 0:
        raise Refused(f"the {type(voting).__name__} has the weights {weights.tolist()}, expected positive ones")
    return weights


def _vote(sketch: Sketch, choice: str, count: int) -> Wire:
    """1 in the column of the chosen class."""
    draft = sketch.draft
    same = draft.add("Equal", choice, draft.constant(np.arange(count)[None, :]))
    return derived(draft.add("Cast", same, to=DOUBLE), count)
