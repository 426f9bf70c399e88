"""What a LightGBM model says of itself: the text that every Booster can write, as data."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

DECLARED = re.compile(r"^\[categorical_(?:feature|column): ?([\d,]*)\]$", re.MULTILINE)
CATEGORICAL_INFO = re.compile(r"-?\d+(:-?\d+)*")

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Grown:
    """One tree. Inner nodes are numbered from 0; a child below zero is the leaf ~child.

    threshold: of a numeric node; of a categorical one, the place of its set in `sets`
    decision: bit 0 categorical, bit 1 a missing value goes left, bits 2 and 3 what is missing: none, zero or NaN
    sets: the codes that go left
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    decision: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    leaf: NDArray[np.float64]
    sets: tuple[NDArray[np.int64], ...]
    is_linear: bool

    @property
    def is_categorical(self) -> NDArray[np.bool_]:
        return self.decision & 1 > 0

    @property
    def missing(self) -> NDArray[np.int32]:
        return self.decision >> 2 & 3


@dataclass(frozen=True)
class ModelText:
    """`settings`: what follows the objective, as in `sigmoid:1`; `infos`: a range or the codes of each feature."""

    objective: str
    settings: Fields
    scores: int
    averages: bool
    names: tuple[str, ...]
    infos: tuple[str, ...]
    declared: frozenset[int]
    trees: tuple[Grown, ...]

    def codes(self, place: int) -> NDArray[np.int64]:
        """The categories that feature `place` was trained with; none for a number."""
        info = self.infos[place]
        known = [int(code) for code in info.split(":")] if CATEGORICAL_INFO.fullmatch(info) else []
        return np.array(sorted(code for code in known if code >= 0), np.int64)


def parsed(text: str) -> ModelText:
    """The model in `text`, which a LightGBM Booster wrote."""
    head, *rest = re.split(r"^Tree=\d+\n", text.partition("\nend of trees")[0], flags=re.MULTILINE)
    fields = _fields(head)
    objective, *settings = fields.get("objective", "").split() or [""]
    declared = DECLARED.search(text)
    return ModelText(
        objective=objective,
        settings={name: value for name, _, value in (setting.partition(":") for setting in settings)},
        scores=int(fields["num_tree_per_iteration"]),
        averages="average_output" in fields,
        names=tuple(fields["feature_names"].split(" ")),
        infos=tuple(fields["feature_infos"].split(" ")),
        declared=frozenset(map(int, filter(None, declared[1].split(",")))) if declared else frozenset(),
        trees=tuple(_grown(_fields(part)) for part in rest),
    )


def _fields(block: str) -> Fields:
    return {name: value for name, _, value in (line.partition("=") for line in block.splitlines())}


def _grown(fields: Fields) -> Grown:
    return Grown(
        feature=_whole(fields, "split_feature"),
        threshold=_exact(fields, "threshold"),
        decision=_whole(fields, "decision_type"),
        left=_whole(fields, "left_child"),
        right=_whole(fields, "right_child"),
        leaf=_exact(fields, "leaf_value"),
        sets=tuple(_sets(fields)),
        is_linear=fields.get("is_linear") == "1",
    )


def _whole(fields: Fields, name: str) -> NDArray[np.int32]:
    return np.array(fields.get(name, "").split(), np.int32)


def _exact(fields: Fields, name: str) -> NDArray[np.float64]:
    return np.array(fields.get(name, "").split(), np.float64)


def _sets(fields: Fields) -> Iterator[NDArray[np.int64]]:
    words = np.array(fields.get("cat_threshold", "").split(), "<u4")
    bounds = [int(bound) for bound in fields.get("cat_boundaries", "").split()]
    for start, end in pairwise(bounds):
        yield np.flatnonzero(np.unpackbits(words[start:end].view(np.uint8), bitorder="little"))
