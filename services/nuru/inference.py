"""Fields for a table that nobody has described: what each column holds is read off its cells."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Literal

from serinus.errors import SerinusError
from serinus.fields import AnyField, DerivedField, GivenField, Kind
from services.nuru.table import Cells, Table

NO_VALUE = ("NA", "N/A", "NaN", "nan", "null", "None", "?")
LEAST_ROWS = 5  # that hold a word: a rarer one is learnt as an unknown word
MOST_WORDS = 128
LONGEST = 200


class InferenceError(SerinusError):
    """A table has no column that a model could take."""


@dataclass(frozen=True)
class Inferred:
    """missing: the texts that mean no value here; left_out: why a column is no field, by its name."""

    fields: tuple[AnyField, ...]
    missing: frozenset[str]
    left_out: dict[str, str]


def inferred(table: Table, unwanted: Collection[str]) -> Inferred:
    """The fields of all columns that a model can take, but for those that are `unwanted`."""
    fields: list[AnyField] = []
    left_out = dict.fromkeys(table.doubled, "more than one column has this name")
    for name, cells in table.columns.items():
        if name in unwanted:
            continue
        known = [cell for cell in cells if not _is_missing(cell)]
        found = _field(name, known, is_optional=len(known) < len(cells))
        if isinstance(found, str):
            left_out[name] = found
        else:
            fields.append(found)
    fields.extend(_of_dates([field.name for field in fields if isinstance(field, GivenField) and field.type == "date"]))
    if not fields:
        raise InferenceError(f"{table.source} has no column that a model could take")
    return Inferred(tuple(fields), _missing(table), left_out)


def _field(name: str, known: Cells, *, is_optional: bool) -> GivenField | str:
    """The field that a column of `known` values is, or why it is none."""
    if not name:
        return "it has no name"
    if not known or (len(set(known)) == 1 and not is_optional):
        return "it never varies"
    for kind, is_of_kind in KINDS.items():
        if all(map(is_of_kind, known)):
            return GivenField(name=name, type=kind, optional=is_optional)
    if not all(isinstance(cell, str) for cell in known):
        return "it holds values of several kinds, or of one that fields do not have"
    return _words(name, [str(cell) for cell in known], is_optional=is_optional)


def _words(name: str, known: Sequence[str], *, is_optional: bool) -> GivenField | str:
    counted = Counter(known)
    words = tuple(sorted(word for word, rows in counted.items() if rows >= LEAST_ROWS and len(word) <= LONGEST))
    if not words:
        return f"it holds text: no word stands in {LEAST_ROWS} rows"
    if len(words) > MOST_WORDS:
        return f"it holds {len(words)} different words, more than {MOST_WORDS}"
    if max(map(len, counted)) > LONGEST:
        return f"it holds text of more than {LONGEST} characters"
    others: Literal["reject", "unknown"] = "reject" if len(words) == len(counted) else "unknown"
    return GivenField(name=name, type="string", values=words, others=others, optional=is_optional)


def _of_dates(names: Sequence[str]) -> Iterator[DerivedField]:
    """The season that each date falls in, and the days from one to the next."""
    for name in names:
        yield DerivedField(name=f"{name} day", derive="day_of_year", of=(name,))
    for first, second in pairwise(names):
        yield DerivedField(name=f"{first} to {second}", derive="days_between", of=(first, second))


def _missing(table: Table) -> frozenset[str]:
    found = {cell for cells in table.columns.values() for cell in cells if isinstance(cell, str)}
    return frozenset(found & set(NO_VALUE))


def _is_missing(cell: object) -> bool:
    return cell is None or cell == "" or cell in NO_VALUE or (isinstance(cell, float) and math.isnan(cell))


def _is_number(cell: object) -> bool:
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return False
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _is_date(cell: object) -> bool:
    if isinstance(cell, str):
        try:
            return len(cell) == len("2021-10-07") and bool(date.fromisoformat(cell))
        except ValueError:
            return False
    return isinstance(cell, date) and not isinstance(cell, datetime)


def _is_truth(cell: object) -> bool:
    return isinstance(cell, bool)


KINDS: dict[Kind, Callable[[object], bool]] = {"boolean": _is_truth, "float": _is_number, "date": _is_date}
