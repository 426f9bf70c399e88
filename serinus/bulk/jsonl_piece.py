"""The rows of a piece of JSON lines, read one by one."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from serinus.bulk.chunk import BadRow, Contents, Origin, Reading, no_columns
from serinus.bulk.columns import VECTOR, Columns
from serinus.bulk.json_columns import columns_of
from serinus.bulk.json_ids import IdKind, members
from serinus.bulk.text import Piece
from serinus.category import Category
from serinus.errors import InputError, Problem, shown
from serinus.rows import Doubled, once
from serinus.schema import expected_number, word_problem

NUMBERS = frozenset((float, int, type(None)))
Values: TypeAlias = "tuple[object, ...] | NDArray[np.float64]"


@dataclass(frozen=True)
class Layout:
    """How to read the rows of a file. kinds: of the ids; known: the members that the file's first rows have."""

    reading: Reading
    kinds: Mapping[str, IdKind]
    known: frozenset[str]

    @cached_property
    def columns(self) -> Columns:
        return self.reading.columns

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([kind.field.with_name(name) for name, kind in self.kinds.items()])

    def values(self, row: Mapping[str, object]) -> Values:
        """The fields in `row`; or the features, words as numbers: InputError when one is not what it should be."""
        if self.reading.form is not None:
            return tuple(map(row.get, self.columns.features))  # of which the garbage collector keeps no list
        values = self._vector(row) if self.columns.as_vector else list(map(row.get, self.columns.features))
        for place, category in self.reading.categories.items():
            values[place] = self._number(values[place], self.columns.names[place], category)
        if not NUMBERS.issuperset(map(type, values)):
            wrong = next(place for place, value in enumerate(values) if type(value) not in NUMBERS)
            field, expected = self.columns.names[wrong], expected_number(self.reading.nan_policy)
            raise InputError([Problem(field, shown(values[wrong]), expected)])
        return np.array(values, np.float64)

    def rows(self, values: Sequence[Values]) -> NDArray[np.floating]:
        if self.reading.form is None:
            return np.array(values, np.float64).reshape(-1, self.columns.width)
        return self.reading.form.rows(columns_of(values, self.reading.form))

    def problems(self, values: Sequence[Values]) -> Callable[[int], Sequence[Problem]] | None:
        """What is wrong with each row of fields."""
        form = self.reading.form
        return None if form is None else lambda row: form.problems(columns_of(values[row : row + 1], form), 0)

    def ids(self, row: Mapping[str, object]) -> tuple[object, ...]:
        """The ids in `row`; InputError when one is of another kind than in the file's first rows, or is new."""
        if not (row.keys() <= self.known or (self.columns.drops_others and row.keys() >= self._features)):
            new = next(name for name in row if name not in self.known)
            raise InputError([Problem(new, shown(row[new]), "only the members that the file's first rows have")])
        return tuple([self._id(name, row.get(name)) for name in self.kinds])

    def _number(self, word: Any, name: str, category: Category) -> float:
        if problem := word_problem(word, name, category, self.reading.nan_policy):
            raise InputError([problem])
        return category.number_of(word)

    def _vector(self, row: Mapping[str, object]) -> list[object]:
        values = row.get(VECTOR)
        if not isinstance(values, list) or len(values) != self.columns.width:
            raise InputError([Problem(VECTOR, shown(values), f"a list of {self.columns.width} numbers")])
        return values

    def _id(self, name: str, value: object) -> object:
        try:
            return None if value is None else self.kinds[name].convert(value)
        except TypeError:
            expected = f"{self.kinds[name].expected}, as in the file's first rows"
            raise InputError([Problem(name, shown(value), expected)]) from None

    @cached_property
    def _features(self) -> frozenset[str]:
        return frozenset(self.columns.features or (VECTOR,))


@dataclass(frozen=True)
class JsonlPiece:
    piece: Piece

    @property
    def rows(self) -> int:
        return len(self._lines)

    def contents(self, layout: Layout) -> Contents:
        values, ids, good, bad = list[Values](), list[tuple[object, ...]](), list[int](), list[BadRow]()
        for place, line in self._lines:
            try:
                row = _object(line, layout.kinds)
                said, kept = layout.values(row), layout.ids(row)
            except InputError as error:
                bad.append(self._origin(place, line).bad(*error.problems))
            else:
                values.append(said)
                ids.append(kept)
                good.append(place)
        columns = zip(*ids, strict=True) if ids else [[] for _ in layout.schema]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, layout.schema, strict=True)]
        lines = dict(self._lines)
        return Contents(
            ids=pa.Table.from_arrays(arrays, schema=layout.schema) if arrays else no_columns(len(good)),
            numbers=layout.rows(values),
            origin=lambda row: self._origin(good[row], lines[good[row]]),
            bad=tuple(bad),
            problems=layout.problems(values),
        )

    def _origin(self, place: int, line: bytes) -> Origin:
        return Origin(self.piece.line + place, line.decode(errors="backslashreplace").removesuffix("\r"))

    @cached_property
    def _lines(self) -> list[tuple[int, bytes]]:
        """The lines that are not blank, each with its place."""
        return [(place, line) for place, line in enumerate(bytes(self.piece.text).split(b"\n")) if line.strip()]


def _object(line: bytes, ids: Iterable[str]) -> Mapping[str, object]:
    try:
        row = members(line, ids)
    except orjson.JSONDecodeError as error:
        raise InputError([Problem("row", error.msg, "a JSON object")]) from error
    if not isinstance(row, dict):
        raise InputError([Problem("row", shown(row), "a JSON object")])
    if line.count(b":") != len(row):  # more colons than names: in words, in what a name holds, or a name given twice
        doubled = json.loads(line, object_pairs_hook=once)
        if isinstance(doubled, Doubled):
            raise InputError([Problem(name, f"{times} times", "each name once") for name, times in doubled.items()])
    return row
