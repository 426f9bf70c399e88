"""The fields that a table seems to have, for somebody to correct; what is left out, and why; what to ask about.

The next row may exceed the numbers of a table, so its own ends are no limits. Few words are all there are, and another
is bad input. Of many words the rare ones are learnt as an unknown word. Dates are no features, what is derived of them
is. Texts that mean that a value is missing are told, or stand among numbers.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from serinus.errors import listed
from serinus.fields import AnyField, DerivedField, GivenField
from serinus.tables.kinds import Held, held, is_date, is_number, kind_of
from serinus.tables.left_out import FEW_WORDS, ID_NAME, why_left_out, words_of
from serinus.tables.table import Table, TableError

MOST_WORDS = 128
NO_WORDS = frozenset({"?", ""})  # missing wherever they stand
NO_NUMBERS = NO_WORDS | {"NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none", "-"}  # missing among numbers


@dataclass(frozen=True)
class Hints:
    """What somebody knows of a table. unwanted: columns that are no features, such as the one to predict

    words: columns of codes that only look like numbers; missing: texts that mean that there is no value
    most_words: how many of many different words are kept
    """

    unwanted: Collection[str] = ()
    words: Collection[str] = ()
    missing: Collection[str] = ()
    most_words: int = MOST_WORDS


@dataclass(frozen=True)
class Inferred:
    """missing: the texts that mean that there is no value; lacking: the share of rows in which each field has none

    left_out: columns that are no fields, and why; cut: fields that know just some of so many words
    suspect: numbers that are called as ids are
    """

    fields: tuple[AnyField, ...]
    missing: frozenset[str]
    lacking: Mapping[str, float]
    left_out: Mapping[str, str]
    cut: Mapping[str, int]
    suspect: tuple[str, ...]

    def remarks(self) -> Iterator[str]:
        """What whoever asked should know, a line each."""
        for name, why in self.left_out.items():
            yield f"column {name!r} is left out: {why}"
        for name in self.suspect:
            yield f"column {name!r} reads as an id: does it belong to the features?"
        for field in self.fields:
            if isinstance(field, GivenField) and field.name in self.cut:
                yield f"column {field.name!r}: {len(field.values)} of {self.cut[field.name]} words, others are unknown"
        if self.missing:
            yield f"no value is meant by {listed(sorted(self.missing))}, in every column"


def inferred(table: Table, hints: Hints) -> Inferred:
    """TableError where no column of `table` could be a feature."""
    for name in hints.words:
        if not table.as_text and kind_of(held(table, name)) != "string":
            raise TableError(f"column {name!r} holds {table.column(name).type}: write it as text for it to be words")
    columns = [held(table, name) for name in table.names if name not in hints.unwanted]
    missing = frozenset({*hints.missing, *_meaningless(columns, hints.words)})
    left_out = dict.fromkeys(table.doubled, "more than one column has this name")
    seen: list[tuple[Held, GivenField]] = []
    for column in (column.without(missing) for column in columns):
        is_word = column.name in hints.words
        if why := why_left_out(column, is_word=is_word):
            left_out[column.name] = why
        else:
            seen.append((column, _field(column, most_words=hints.most_words, is_word=is_word)))
    given = [field for _, field in seen]
    derived = [*_of_dates([field.name for field in given if field.type == "date"], set(table.names))]
    if not any(field.is_feature for field in given) and not derived:
        raise TableError(f"{table.source} has no column that could be a feature")
    return Inferred(
        (*given, *derived),
        missing,
        {column.name: column.missing / len(table) for column, _ in seen},
        left_out,
        {field.name: len(column.counts) for column, field in seen if len(field.values) not in (0, len(column.counts))},
        tuple(field.name for column, field in seen if _reads_as_id(column, field)),
    )


def _meaningless(columns: Collection[Held], words: Collection[str]) -> Iterator[str]:
    """The texts of `columns` that mean that there is no value."""
    for column in columns:
        texts = {value for value in column.counts if isinstance(value, str)}
        others = texts - NO_NUMBERS
        is_truth = {text.lower() for text in others} == {"true", "false"}
        is_counted = others and (is_truth or all(map(is_number, others)) or all(map(is_date, others)))
        yield from texts & (NO_NUMBERS if is_counted and column.name not in words else NO_WORDS)


def _field(column: Held, *, most_words: int, is_word: bool) -> GivenField:
    kind = "string" if is_word else kind_of(column)
    if kind == "string":
        return _words(column, most_words)
    if kind in ("integer", "float"):
        return _number(column, is_whole=kind == "integer")
    optional = column.missing > 0
    if kind == "boolean":
        return GivenField(name=column.name, type=kind, optional=optional, example=True)
    days = sorted(column.texts)
    seen = f"{days[0]} to {days[-1]} in the table"
    return GivenField(name=column.name, type=kind, optional=optional, description=seen, example=days[-1])


def _words(column: Held, most_words: int) -> GivenField:
    known = words_of(column)[:most_words]
    others: Literal["reject", "unknown"] = "unknown" if len(known) < len(column.counts) else "reject"
    optional = column.missing > 0
    return GivenField(
        name=column.name, type="string", values=tuple(known), others=others, optional=optional, example=known[0]
    )


def _number(column: Held, *, is_whole: bool) -> GivenField:
    """Infinities of a typed file are bad input, and left to be that."""
    read = int if is_whole else float
    numbers = sorted((read(text), count) for text, count in column.texts.items() if is_number(text))
    least, most = numbers[0][0], numbers[-1][0]
    return GivenField(
        name=column.name,
        type="integer" if is_whole else "float",
        minimum=0 if least >= 0 else None,
        optional=column.missing > 0,
        description=f"{_short(least)} to {_short(most)} in the table",
        example=max(numbers, key=lambda number: number[1])[0],
    )


def _short(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.6g}"


def _of_dates(names: Collection[str], taken: set[str]) -> Iterator[DerivedField]:
    """The season that each date falls in, and the days from one to the next."""
    for name in names:
        yield DerivedField(name=_free(f"{name}_day", taken), derive="day_of_year", of=(name,))
    for first, second in pairwise(names):
        yield DerivedField(name=_free(f"{first}_to_{second}", taken), derive="days_between", of=(first, second))


def _free(name: str, taken: set[str]) -> str:
    return _free(f"{name}_", taken) if name in taken else name


def _reads_as_id(column: Held, field: GivenField) -> bool:
    return field.type == "integer" and len(column.counts) > FEW_WORDS and ID_NAME.search(column.name) is not None
