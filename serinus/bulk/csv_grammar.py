"""How to read the rows of a CSV file, and what to say of one that cannot be read."""

import csv
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from serinus.bulk.chunk import Reading
from serinus.bulk.columns import Columns
from serinus.bulk.csv_cells import Layout
from serinus.bulk.csv_rows import fields
from serinus.bulk.text import Text
from serinus.bulk.text_columns import of_text, one
from serinus.bulk.words import Words
from serinus.errors import Problem, shown
from serinus.record import Form
from serinus.schema import Rows, expected_number

MISSING = frozenset(("", "NaN", "nan", "NAN", "null", "NULL", "Null"))


@dataclass(frozen=True)
class Grammar:
    """How to read the rows of a file. names: the columns of the file, in order.

    A number may be missing as in MISSING; of a word only an empty cell says so: "nan" and "null" are words.
    Fields are all read as text, of which `text_columns` knows what it means.
    """

    names: tuple[str, ...]
    reading: Reading

    @property
    def columns(self) -> Columns:
        return self.reading.columns

    def table(self, text: Text) -> pa.Table | None:
        """The rows of `text`, or None when one of them is bad."""
        return self._read(text, self._conversion)

    def numbers_as_text(self, text: Text) -> pa.Table | None:
        """The numbers in `text` as they are written, or None when a row has another number of columns."""
        return self._read(text, self._no_conversion)

    def words(self, table: pa.Table) -> Words:
        """The features in `table` that are words, by place."""
        written = {place: table.column(self.columns.features[place]) for place in self.reading.categories}
        return {place: pc.if_else(pc.equal(words, ""), None, words) for place, words in written.items()}

    def rows(self, table: pa.Table, form: Form) -> Rows:
        """The rows that are made of the fields in `table`."""
        return form.rows({field.name: of_text(table.column(field.name), field, form.missing) for field in form.needed})

    def problems(self, table: pa.Table, form: Form, row: int) -> list[Problem]:
        """What is wrong with a row of `table`, by its texts."""
        return form.problems({field.name: one(table.column(field.name)[row].as_py()) for field in form.needed}, 0)

    def problem(self, text: bytes) -> Problem | None:
        """What is wrong with the row `text`, as far as it shows."""
        try:
            row = fields(text.decode())
        except UnicodeDecodeError as error:
            return Problem("row", f"bytes that are not UTF-8 at {error.start}", "UTF-8 text")
        except csv.Error as error:
            return Problem("row", str(error), f"{len(self.names)} columns")
        if len(row) != len(self.names):
            return Problem("row", f"{len(row)} columns", f"{len(self.names)}, as in the header")
        numbers = itemgetter(*self._places, 0, 0)(row)[:-2]  # with two more places it always gives a tuple
        return None if are_numbers(numbers) else self._first_problem(numbers)

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        return () if self.reading.form else self.reading.numbers

    @cached_property
    def layout(self) -> Layout:
        ids = {name: self.names.index(name) for name in self.columns.ids}
        return Layout(len(self.names), ids, tuple(self._places))

    @cached_property
    def schema(self) -> pa.Schema:
        kinds = dict.fromkeys((*self.columns.ids, *self.columns.features), pa.string())
        return pa.schema((kinds | dict.fromkeys(self.numbers, pa.float64())).items())

    def _first_problem(self, numbers: Sequence[str]) -> Problem:
        called = dict(zip(self.columns.features, self.columns.names, strict=True))
        column, text = next(
            (name, text) for name, text in zip(self.numbers, numbers, strict=True) if not are_numbers([text])
        )
        return Problem(called[column], shown(text), expected_number(self.reading.nan_policy))

    @cached_property
    def _places(self) -> list[int]:
        place = {name: number for number, name in enumerate(self.names)}
        return [place[name] for name in self.numbers]

    def _read(self, text: Text, conversion: arrow_csv.ConvertOptions) -> pa.Table | None:
        reading = arrow_csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=self.names)
        is_quoted = b'"' in text
        parsing = arrow_csv.ParseOptions(newlines_in_values=is_quoted, quote_char='"' if is_quoted else False)
        try:
            return arrow_csv.read_csv(pa.BufferReader(text), reading, parsing, conversion)
        except pa.ArrowInvalid:
            return None

    @cached_property
    def _conversion(self) -> arrow_csv.ConvertOptions:
        return arrow_csv.ConvertOptions(
            column_types=self.schema,
            include_columns=self.schema.names,
            null_values=sorted(MISSING),
            strings_can_be_null=False,
        )

    @cached_property
    def _no_conversion(self) -> arrow_csv.ConvertOptions:
        return arrow_csv.ConvertOptions(
            column_types=pa.schema(dict.fromkeys(self.numbers, pa.string()).items()),
            include_columns=self.numbers,
            null_values=sorted(MISSING),
            strings_can_be_null=True,
        )


def are_numbers(texts: Sequence[str]) -> bool:
    present = [text for text in texts if text not in MISSING]
    try:
        deque(map(float, present), maxlen=0)
    except ValueError:
        return False
    together = "".join(present)
    return together.isascii() and "_" not in together  # Python reads 1_000 and the digits of every script
