"""The rows of a piece of CSV: read by Arrow at once; where it refuses, in ever smaller parts, so that only rows that
Arrow refuses on their own count as bad, whatever stands around them."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from serinus.bulk.chunk import BadRow, Contents, Origin
from serinus.bulk.columns import Columns
from serinus.bulk.csv_rows import RETURN, fields, row_ends
from serinus.bulk.text import Piece, newlines
from serinus.errors import JobError, Problem, shown
from serinus.schema import NanPolicy, expected_number

MISSING = ("", "NaN", "nan", "NAN", "null", "NULL", "Null")
NO_NUMBERS = pa.record_batch([], names=[])
PROBED_ROWS = 128  # in so few rows, those that look wrong are read on their own


@dataclass(frozen=True)
class Grammar:
    """How to read the rows of a file. names: the columns of the file, in order."""

    names: tuple[str, ...]
    columns: Columns
    nan_policy: NanPolicy

    def table(self, text: bytes) -> pa.Table | None:
        """The rows of `text`, or None when one of them is bad."""
        reading = arrow_csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=self.names)
        parsing = arrow_csv.ParseOptions(newlines_in_values=b'"' in text)
        try:
            return arrow_csv.read_csv(pa.BufferReader(text), reading, parsing, self._conversion)
        except pa.ArrowInvalid:
            return None

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
        return next((p for p in map(self._problem_with, self.columns.names, self._features(row)) if p), None)

    @cached_property
    def schema(self) -> pa.Schema:
        kinds = dict.fromkeys(self.columns.ids, pa.string()) | dict.fromkeys(self.columns.features, pa.float64())
        return pa.schema(kinds.items())

    def _features(self, row: Sequence[str]) -> list[str]:
        return [row[place] for place in self._places]

    def _problem_with(self, name: str, text: str) -> Problem | None:
        try:
            float(text if text not in MISSING else "nan")
        except ValueError:
            return Problem(name, shown(text), expected_number(self.nan_policy))
        return None

    @cached_property
    def _places(self) -> list[int]:
        place = {name: number for number, name in enumerate(self.names)}
        return [place[name] for name in self.columns.features]

    @cached_property
    def _conversion(self) -> arrow_csv.ConvertOptions:
        return arrow_csv.ConvertOptions(
            column_types=self.schema,
            include_columns=[*self.columns.ids, *self.columns.features],
            null_values=MISSING,
            strings_can_be_null=False,
        )


@dataclass(frozen=True)
class Run:
    """Consecutive rows from `first` to before `stop`; table: what they hold, unless it is one bad row."""

    first: int
    stop: int
    table: pa.Table | None


@dataclass(frozen=True)
class CsvPiece:
    piece: Piece

    @property
    def rows(self) -> int:
        return len(self._spans)

    def contents(self, grammar: Grammar) -> Contents:
        runs = list(self._runs(0, self.rows, grammar)) if self.rows else []
        good = [(run, run.table) for run in runs if run.table is not None]
        table = _joined([table for _, table in good], grammar.schema)
        places = np.concatenate([np.arange(run.first, run.stop) for run, _ in good] or [np.empty(0, np.int64)])
        return Contents(
            ids=table.select(grammar.columns.ids),
            numbers=next(iter(table.select(grammar.columns.features).to_batches()), NO_NUMBERS),
            origin=lambda row: self._origin(int(places[row])),
            bad=tuple(self._bad(run.first, grammar) for run in runs if run.table is None),
        )

    def _runs(self, first: int, stop: int, grammar: Grammar) -> Iterator[Run]:
        text = self._text(first, stop)
        table = grammar.table(text) if stop - first == 1 or _ends_rows_at_newlines(text) else None
        if table is not None and table.num_rows == stop - first:
            yield Run(first, stop, table)
        elif stop - first == 1:
            yield Run(first, stop, None)
        else:
            for start, end in self._parts(first, stop, grammar):
                yield from self._runs(start, end, grammar)

    def _parts(self, first: int, stop: int, grammar: Grammar) -> list[tuple[int, int]]:
        """Smaller stretches of the same rows: equal ones, or in a small stretch the suspicious rows each alone."""
        if stop - first > PROBED_ROWS:
            cuts = set(range(first, stop, PROBED_ROWS))
        else:
            suspects = [row for row in range(first, stop) if grammar.problem(self._text(row, row + 1))]
            cuts = {first, *suspects, *(row + 1 for row in suspects)} if suspects else set(range(first, stop))
        edges = sorted(cuts | {stop})
        return list(pairwise(edges))

    def _bad(self, row: int, grammar: Grammar) -> BadRow:
        unseen = Problem("row", "text that is no row of CSV", f"{len(grammar.names)} columns, no lone carriage return")
        return self._origin(row).bad(grammar.problem(self._text(row, row + 1)) or unseen)

    def _origin(self, row: int) -> Origin:
        text = self._text(row, row + 1).decode(errors="backslashreplace")
        return Origin(self._line(int(self._spans[row, 0])), text.removesuffix("\n").removesuffix("\r"))

    def _text(self, first: int, stop: int) -> bytes:
        return self.piece.text[self._spans[first, 0] : self._spans[stop - 1, 1]]

    @cached_property
    def _spans(self) -> NDArray[np.int64]:
        """Where each row begins and ends: int64 [N, 2]. Blank lines are no rows."""
        text = self.piece.text
        ends = row_ends(text if text.endswith(b"\n") else text + b"\n")
        if text and (not len(ends) or ends[-1] < len(text)):
            raise JobError(f"line {self._line(int(ends[-1:].sum()))}: a quote is opened and never closed")
        starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
        codes = np.frombuffer(text or b"\n", np.uint8)
        lengths = ends - starts
        blank = (lengths == 1) | ((lengths == 2) & (codes[starts] == RETURN))
        return np.asarray(np.stack([starts, ends], axis=1)[~blank])

    def _line(self, place: int) -> int:
        return self.piece.line + newlines(self.piece.text, place)


def _joined(tables: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    if len(tables) == 1:
        return tables[0]
    return pa.concat_tables(tables).combine_chunks() if tables else schema.empty_table()


def _ends_rows_at_newlines(text: bytes) -> bool:
    """Arrow takes a lone carriage return for the end of a row, this product does not."""
    return b"\r" not in text or text.count(b"\r") == text.count(b"\r\n")
