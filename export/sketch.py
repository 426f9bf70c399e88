"""The graph of a scikit-learn model while it is drawn, and what is learnt of its features on the way."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from export.boundaries import first_reaching
from export.drafts import Draft
from export.errors import Refused
from export.feature_names import Names
from export.original import Tree
from export.precision import Clues
from export.sklearn_words import Heard, Numbers, Vocabulary
from export.steps import check_fitted
from export.wires import Source, Wire, picked

LIBRARIES = ("sklearn", "xgboost", "lightgbm")
Transform = Callable[["Sketch", Any, Wire], Wire]


@dataclass(frozen=True)
class Decision:
    """What a classifier answers.

    choice: int64 [N, 1], the place of the class that its own `predict` chooses
    margins: what its decision_function answers, if it has one
    """

    probabilities: Wire
    choice: str
    margins: Wire | None = None


Answer = Wire | Decision
Reader = Callable[["Sketch", Any, Wire], Answer]


@dataclass(frozen=True)
class Readers:
    """What is known about transformers and estimators, by the names of their classes."""

    transformers: Mapping[str, Transform]
    estimators: Mapping[str, Reader]


class Sketch:
    """trees: in the numbers of the caller, as far as they ask for single features of the caller
    takes_missing: whether everything that a missing value can reach knows what to do with it
    needs_frame: whether columns are selected by name; adds_up: whether features go into sums
    demands: float32 [N, 1] each, 1 where the original answers and 0 where it raises an error
    read: the features that anything reads; dependencies: of the libraries in it
    clues: to the precision that the model was fitted in
    """

    def __init__(self, readers: Readers, names: Names | None, draft: Draft) -> None:
        self.draft = draft
        self.vocabulary = Vocabulary(names)
        self.numbers = Numbers()
        self.trees: list[Tree] = []
        self.takes_missing = True
        self.needs_frame = False
        self.adds_up = False
        self.is_fine = False
        self.demands: list[str] = []
        self.read: set[int] = set()
        self.dependencies: dict[str, str] = {}
        self.clues = Clues()
        self._readers = readers

    def transformed(self, transformer: Any, wire: Wire) -> Wire:
        if transformer is None or transformer == "passthrough":
            return wire
        check(transformer, self._readers.transformers, "cannot put a {} in front of a model")
        return self._readers.transformers[type(transformer).__name__](self, transformer, wire)

    def answered(self, estimator: Any, wire: Wire) -> Answer:
        check(estimator, self._readers.estimators, "cannot export a {}")
        if getattr(estimator, "n_jobs", None) is not None:
            estimator.n_jobs = 1  # threads add up the trees of a forest in any order, and its last bits differ
        return self._readers.estimators[type(estimator).__name__](self, estimator, wire)

    @contextmanager
    def finely(self) -> Iterator[None]:
        """In here, sums of trees keep more digits than float32 has: what reads them may turn at any."""
        before, self.is_fine = self.is_fine, True
        yield
        self.is_fine = before

    def decided(self, classifier: Any, wire: Wire) -> Decision:
        answer = self.answered(classifier, wire)
        if isinstance(answer, Decision):
            return answer
        raise Refused(f"the {type(classifier).__name__} answers no classes where a classifier is needed")

    def valued(self, regressor: Any, wire: Wire) -> Wire:
        answer = self.answered(regressor, wire)
        if isinstance(answer, Wire):
            return answer
        raise Refused(f"the {type(regressor).__name__} answers classes where a regressor is needed")

    def select(self, wire: Wire, columns: Sequence[int]) -> Wire:
        return picked(self.draft, wire, columns)

    def hear(self, place: int, heard: Heard) -> dict[str, float]:
        """Note that a feature is read as words; the numbers of these in a row."""
        self.read.add(place)
        return self.vocabulary.hear(place, heard)

    def take_numbers(self, wire: Wire, *, missing: bool) -> None:
        """Note that the columns of `wire` are read as numbers here, and whether they may be `missing`."""
        for source in wire.sources:
            self.take_number(source)
        if wire.may_miss and not missing:
            self.takes_missing = False

    def take_number(self, source: Source | None) -> None:
        if source is not None:
            self.read.add(source.place)
            self.vocabulary.is_number(source.place)
            self.numbers.read(source)

    def add_trees(self, trees: Iterable[Tree], wire: Wire) -> None:
        self.trees.extend(in_callers_numbers(list(trees), wire))


def check(fitted: Any, known: Mapping[str, object], problem: str) -> None:
    """Refuse what is not among the `known` classes of the libraries we read, and what was not fitted."""
    kind, module = type(fitted).__name__, type(fitted).__module__
    if kind not in known or module.partition(".")[0] not in LIBRARIES:
        raise Refused(f"{problem.format(f'{module}.{kind}')}; supported are {', '.join(known)}")
    check_fitted(fitted)


def in_callers_numbers(trees: Sequence[Tree], wire: Wire) -> list[Tree]:
    """`trees` that read columns of `wire`, as trees that read features of the caller; other turns become leaves."""
    if not trees or all(source == Source(place) for place, source in enumerate(wire.sources)):
        return list(trees)
    feature = np.concatenate([tree.feature for tree in trees])
    threshold = np.concatenate([tree.threshold for tree in trees])
    moved = np.full_like(feature, -1)
    for column in np.unique(feature[feature >= 0]).tolist():
        source = wire.sources[column]
        if source is not None and source.fill is None:
            here = feature == column
            moved[here] = source.place
            threshold[here] = first_reaching(threshold[here], np.zeros(int(here.sum()), np.int32), source.steps)
    ends = np.cumsum([len(tree.feature) for tree in trees])[:-1]
    parts = zip(trees, np.split(moved, ends), np.split(threshold, ends), strict=True)
    return [replace(tree, feature=places, threshold=at) for tree, places, at in parts]
