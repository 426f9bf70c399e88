"""The features that a scikit-learn model takes as words, and those that it takes as one of a few numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from export.errors import Refused
from export.feature_names import Names
from export.steps import Step, apply
from export.wires import Source
from serinus.category import Category
from serinus.schema import Rows

UNHEARD = "\0a word that no model was trained with"
Missing = Literal["NaN", "None"]
MISSING: dict[Missing, object] = {"NaN": np.nan, "None": None}


@dataclass(frozen=True)
class Heard:
    """The words of one feature, in the order of their numbers."""

    words: tuple[str, ...]
    rejects_others: bool

    @property
    def numbers(self) -> dict[str, float]:
        return {word: float(number) for number, word in enumerate(self.words)}


class Vocabulary:
    """By place, the features of the caller that are words. names: of all features, if they have any."""

    def __init__(self, names: Names | None) -> None:
        self._names = names
        self._heard: dict[int, Heard] = {}
        self._missing: dict[int, Missing] = {}
        self._numbers: set[int] = set()
        self._objects: set[int] = set()

    def hear(self, place: int, heard: Heard) -> dict[str, float]:
        """Learn the words of a feature; the numbers that they have in rows."""
        known = self._heard.setdefault(place, heard)
        rejects = known.rejects_others or heard.rejects_others
        differing = sorted(set(known.words) ^ set(heard.words))
        if differing and rejects:
            raise Refused(
                f"two encoders of {self._called(place)} know different words, and one of them raises an error for "
                f"others: {', '.join(differing[:10])}"
            )
        self._heard[place] = Heard(tuple(dict.fromkeys((*known.words, *heard.words))), rejects)
        return self.numbers(place)

    def numbers(self, place: int) -> dict[str, float]:
        return self._heard[place].numbers

    def expect_missing(self, place: int, missing: Missing) -> None:
        """Learn what stands for a missing word."""
        if self._missing.setdefault(place, missing) != missing:
            raise Refused(f"{self._called(place)} has both NaN and None for a missing word: fit it with one of them")

    def expect_objects(self, place: int) -> None:
        """Learn that numbers were Python objects, which a column of numbers is not looked up among."""
        self._objects.add(place)

    @property
    def objects(self) -> list[int]:
        """The features that have to be said as objects: words, and some numbers."""
        return sorted(self._objects | set(self._heard))

    def is_number(self, place: int) -> None:
        self._numbers.add(place)

    def categories(self) -> dict[int, Category]:
        both = sorted(self._numbers & set(self._heard))
        if both:
            called = ", ".join(map(self._called, both))
            raise Refused(f"words to an encoder, but numbers to something else: {called}")
        return {
            place: Category(words=heard.words, others="reject" if heard.rejects_others else "unknown")
            for place, heard in sorted(self._heard.items())
        }

    def said(self, place: int, numbers: NDArray[np.float32]) -> NDArray[np.object_]:
        """The words or objects that the `numbers` of a feature stand for."""
        said = numbers.astype(object) if place not in self._heard else np.full(len(numbers), UNHEARD, object)
        for word, number in self.numbers(place).items() if place in self._heard else ():
            said[numbers == number] = word
        said[np.isnan(numbers)] = MISSING[self._missing.get(place, "NaN")]
        return said

    def _called(self, place: int) -> str:
        return f"feature {place}" if self._names is None else f"feature {self._names[place]}"


class Numbers:
    """The features of the caller that a model reads as numbers, and which of these it raises an error about.

    codes: by place, the numbers that an encoder tells apart
    """

    def __init__(self) -> None:
        self.codes: dict[int, NDArray[np.float32]] = {}
        self._demanded: list[tuple[Source, NDArray[np.float32]]] = []
        self._stepped: list[Source] = []

    @property
    def are_stepped(self) -> bool:
        return bool(self._stepped)

    @property
    def steps(self) -> dict[int, tuple[Step, ...]]:
        """By place, what is done to a feature where it is first read behind a step."""
        return {source.place: source.steps for source in reversed(self._stepped)}

    def read(self, source: Source) -> None:
        """A number is read that must not overflow on the way."""
        if source.steps:
            self._stepped.append(source)

    def tell_apart(self, source: Source, values: Sequence[float], *, rejects_others: bool) -> None:
        known = np.array(values, np.float32)
        if all(step.operation == "Fill" for step in source.steps):
            finite = known[np.isfinite(known)]
            self.codes[source.place] = np.union1d(self.codes.get(source.place, finite), finite)
        if rejects_others:
            self._demanded.append((source, known))

    def known(self, rows: Rows) -> NDArray[np.bool_]:
        """The rows that raise no error: no unknown category, and nothing that overflows."""
        known = np.ones(len(rows), bool)
        for source, values in self._demanded:
            read = _read(source, rows)
            known &= np.isin(read, values) | np.isnan(read)
        for source in self._stepped:
            read = _read(source, rows)
            known &= ~np.isinf(read) & (~np.isnan(read) | np.isnan(rows[:, source.place]))
        return known


def _read(source: Source, rows: Rows) -> Rows:
    read: Rows = apply(source.steps, rows[:, [source.place]])[:, 0]
    return read
