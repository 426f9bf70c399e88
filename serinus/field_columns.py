"""Columns of fields, as files and tables hold them, into numbers; `serinus.record` makes rows of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from serinus.category import REFUSED
from serinus.derive import DERIVATIONS
from serinus.fields import NUMBERS, DerivedField, GivenField

Numbers: TypeAlias = "NDArray[np.float64]"


@dataclass(frozen=True)
class Distinct:
    """A column of few different values: row i holds values[places[i]]. as_text: they are the cells of a text file."""

    values: Sequence[object]
    places: NDArray[np.integer]
    as_text: bool = False

    @classmethod
    def of(cls, column: Sequence[object], *, as_text: bool = False) -> Self:
        known: dict[tuple[type, object], int] = {}  # to Python 1, 1.0 and True are one value
        places = [known.setdefault((type(value), value), len(known)) for value in column]
        return cls([value for _, value in known], np.array(places, np.int64), as_text)


Column: TypeAlias = "NDArray[np.floating] | Distinct"


def column_numbers(field: GivenField, column: Column, missing: frozenset[str] = frozenset()) -> Numbers:
    """float64 [N]: what `field.number` says of each value of `column`, where NaN is a missing one."""
    if isinstance(column, Distinct):
        values = [_meant(field, value, column, missing) for value in column.values]
        known = np.array([field.number(value) for value in values], np.float64)
        return known[column.places] if len(known) else np.empty(0)
    if field.type not in NUMBERS:
        return column_numbers(field, Distinct.of(column.tolist()), missing)
    numbers = column.astype(np.float64)
    low, high = field.limits
    good = (low <= numbers) & (numbers <= high)
    if field.type == "integer":
        good &= numbers == np.floor(numbers)
    return np.where(np.isnan(numbers), field.missing, np.where(good, numbers, REFUSED))


def cell(field: GivenField, column: Column, row: int) -> object:
    """What stands in one row of `column`, as a request would say it."""
    if isinstance(column, Distinct):
        value = _meant(field, column.values[column.places[row]], column, frozenset())
    else:
        value = None if math.isnan(column[row]) else float(column[row])
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _meant(field: GivenField, value: object, column: Distinct, missing: frozenset[str]) -> object:
    if isinstance(value, str) and value in missing:
        return None
    if isinstance(value, float) and math.isnan(value):
        return None
    if column.as_text and isinstance(value, str):
        return field.parsed(value) if value else None
    return value


def only(column: Column, row: int) -> Column:
    if isinstance(column, Distinct):
        return Distinct([column.values[column.places[row]]], np.zeros(1, np.int64), column.as_text)
    return column[row : row + 1]


def derived_column(field: DerivedField, arguments: Sequence[Numbers]) -> Numbers:
    derivation = DERIVATIONS[field.derive]
    if derivation.columns is not None:
        finite = np.isfinite(arguments).all(axis=0)
        answers = np.where(np.isinf(arguments).any(axis=0), REFUSED, math.nan)
        with np.errstate(over="ignore"):
            answers[finite] = derivation.columns(*(argument[finite] for argument in arguments))
        return answers
    different, places = np.unique(arguments[0], return_inverse=True)
    return np.array([*map(derivation, different.tolist())], np.float64)[places]
