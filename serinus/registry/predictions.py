"""What two models answer on the same rows: how often the same, what became what, and where they are furthest apart."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from serinus.errors import InputError, Problem, listed, shown
from serinus.metadata import Metadata
from serinus.names import difference
from serinus.prediction import Answers, Classes, Values
from serinus.registry.truth import Judged, Truth, figures, known
from serinus.schema import Rows, refused

BATCH_ROWS = 64
SHOWN = 5
Numbers = NDArray[np.float64]
SAME_VALUE = 0.01  # of the spread of the middle half of the first model's values: closer than that is the same


class Model(Protocol):
    @property
    def metadata(self) -> Metadata: ...
    def predict(self, rows: Rows) -> Answers: ...


@dataclass(frozen=True)
class Block:
    """Some rows, what the place of one is called, how many more could not be read, and the truth, if it was told."""

    rows: Rows
    called: Callable[[int], str]
    unreadable: int = 0
    truth: Truth | None = None


@dataclass(frozen=True)
class Difference:
    """One row on which the two models are far apart; the answers with their confidence, or as values."""

    row: str
    first: str
    second: str
    size: float


@dataclass(frozen=True)
class Predictions:
    """What came of asking both.

    rows: that both took; refused: that could not be read, or that one of them must not see
    agreement: the share of rows with the same label, or with values as close as SAME_VALUE
    flips: at [i][j] the rows that are label i to the first model and label j to the second
    mean, median, p95, largest: of the differences of values, or of the probability that differs most in a row
    judged: how right both are, where the truth was told
    """

    rows: int
    refused: int
    agreement: float
    labels: tuple[tuple[str, ...], tuple[str, ...]]
    flips: tuple[tuple[int, ...], ...]
    mean: float
    median: float
    p95: float
    largest: tuple[Difference, ...]
    judged: Judged | None = None


def comparable(first: Metadata, second: Metadata) -> str | None:
    """Why the two cannot be asked the same rows; None when they can."""
    if first.output_schema.task != second.output_schema.task:
        return f"one is a {first.output_schema.task}, the other a {second.output_schema.task}"
    if found := difference(first.input_schema.names, second.input_schema.names):
        return f"they take other features: {found}"
    if first.input_schema.categories != second.input_schema.categories:
        return "to one of them the words of a category are other numbers"
    if remade := first.input_schema.remade(second.input_schema):
        return "; ".join(f"{name} is {meant} to one, {means} to the other" for name, (meant, means) in remade.items())
    return None


def predictions(first: Model, second: Model, blocks: Iterable[Block]) -> Predictions | None:
    """Ask both models all rows; None when there is no row that both take."""
    tally = Tally()
    for block in blocks:
        good = ~(refused(block.rows, first.metadata.nan_policy) | refused(block.rows, second.metadata.nan_policy))
        places = np.flatnonzero(good)
        tally.refused += block.unreadable + len(good) - len(places)
        for start in range(0, len(places), BATCH_ROWS):
            batch = places[start : start + BATCH_ROWS]
            both = _both(first, second, block.rows[batch], None if block.truth is None else block.truth[batch])
            tally.add(both, [partial(block.called, place) for place in batch.tolist()])
    return tally.verdict() if tally.both else None


@dataclass(frozen=True)
class Both:
    """What the two answered to the same rows, and its truth, if it was told. apart: float64 [N], how far from each
    other."""

    first: Answers
    second: Answers
    apart: Numbers
    truth: Truth | None


@dataclass
class Tally:
    """Answers so far. The rows themselves, and what they are called, are not kept but for those furthest apart."""

    refused: int = 0
    both: list[Both] = field(default_factory=list)
    largest: list[Difference] = field(default_factory=list)

    def add(self, both: Both, called: Sequence[Callable[[], str]]) -> None:
        self.both.append(both)
        furthest = np.argsort(-both.apart, kind="stable")[:SHOWN]
        found = [
            Difference(called[row](), _told(both.first, row), _told(both.second, row), float(both.apart[row]))
            for row in furthest[both.apart[furthest] > 0].tolist()
        ]
        self.largest = sorted([*self.largest, *found], key=lambda difference: -difference.size)[:SHOWN]

    def verdict(self) -> Predictions:
        apart = np.concatenate([both.apart for both in self.both])
        labels, flips = _flips(self.both)
        median, p95 = np.percentile(apart, [50, 95], method="lower")
        return Predictions(
            rows=len(apart),
            refused=self.refused,
            agreement=float(np.concatenate(_same(self.both)).mean()),
            labels=labels,
            flips=flips,
            mean=float(apart.mean()),
            median=float(median),
            p95=float(p95),
            largest=tuple(self.largest),
            judged=_judged(self.both),
        )


def _check_labels(first: Answers, second: Answers, truths: Sequence[Truth]) -> None:
    """Truth of which nothing is a label would look as if both models were always wrong."""
    labels = {label for answers in (first, second) if isinstance(answers, Classes) for label in answers.labels}
    found = sorted({str(label) for truth in truths for label in truth[known(truth)].tolist()})
    if labels and found and labels.isdisjoint(found):
        raise InputError(
            [Problem("truth", shown(found[0]), f"a label of the models, such as {listed(sorted(labels))}")]
        )


def _both(first: Model, second: Model, rows: Rows, truth: Truth | None) -> Both:
    """Probabilities are compared where both have the label."""
    ours, theirs = first.predict(rows), second.predict(rows)
    match ours, theirs:
        case Classes(), Classes():
            shared = [label for label in ours.labels if label in theirs.labels]
            apart = _apart(_shares(ours, shared), _shares(theirs, shared)).max(axis=1, initial=0)
        case Values(), Values():
            apart = _apart(ours.values.astype(np.float64), theirs.values.astype(np.float64))
        case _:
            raise TypeError("one model answers classes, the other values")
    return Both(ours, theirs, apart, truth)


def _judged(answered: Sequence[Both]) -> Judged | None:
    truths = [both.truth for both in answered if both.truth is not None]
    if not truths:
        return None
    rows = sum(int(known(truth).sum()) for truth in truths)
    first, second = ([both.first for both in answered], [both.second for both in answered])
    _check_labels(first[0], second[0], truths)
    return Judged(rows, figures(first, truths), figures(second, truths))


def _apart(ours: Numbers, theirs: Numbers) -> Numbers:
    """Models overflow on huge rows: the same infinity is the same answer, and no number is far from every number."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(ours - theirs)
    apart[(ours == theirs) | (np.isnan(ours) & np.isnan(theirs))] = 0
    apart[np.isnan(apart)] = np.inf
    return np.asarray(apart)


def _shares(answers: Classes, labels: Sequence[str]) -> Numbers:
    columns = [answers.labels.index(label) for label in labels]
    return answers.probabilities[:, columns].astype(np.float64)


def _told(answers: Answers, row: int) -> str:
    if isinstance(answers, Classes):
        return f"{answers.labels[answers.ids[row]]} {answers.confidence[row]:.3f}"
    return f"{answers.values[row]:.6g}"


def _same(answered: Sequence[Both]) -> list[NDArray[np.bool_]]:
    """Where the answers are the same: the label, by its name, or the value, as good as."""
    values = [both.first.values for both in answered if isinstance(both.first, Values)]
    close = SAME_VALUE * _spread(np.concatenate(values)) if values else 0.0
    return [_names(both.first) == _names(both.second) if not values else both.apart <= close for both in answered]


def _spread(values: NDArray[np.float32]) -> float:
    """Golden rows have huge values among them, which would make everything else look the same."""
    numbers = values[np.isfinite(values)].astype(np.float64)
    return float(np.subtract(*np.percentile(numbers, [75, 25]))) if len(numbers) else 0.0


def _names(answers: Answers) -> NDArray[np.str_]:
    return np.array(answers.labels)[answers.ids] if isinstance(answers, Classes) else np.empty(0, np.str_)


def _flips(answered: Sequence[Both]) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], tuple[tuple[int, ...], ...]]:
    """The labels of both, and how often each of the one was each of the other."""
    ours = [both.first for both in answered if isinstance(both.first, Classes)]
    theirs = [both.second for both in answered if isinstance(both.second, Classes)]
    if not ours:
        return ((), ()), ()
    counts = np.zeros((len(ours[0].labels), len(theirs[0].labels)), np.int64)
    for one, other in zip(ours, theirs, strict=True):
        np.add.at(counts, (one.ids, other.ids), 1)
    return (ours[0].labels, theirs[0].labels), tuple(map(tuple, counts.tolist()))
