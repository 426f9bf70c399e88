"""The rows of a piece of CSV: read at once, as plain cells or else by Arrow. Where Arrow refuses, the rows that look
bad are read on their own: only a row that Arrow refuses on its own is bad, whatever stands around it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from serinus.bulk.arrays import integers
from serinus.bulk.chunk import BadRow, Contents, Origin
from serinus.bulk.csv_cells import plain
from serinus.bulk.csv_grammar import Grammar
from serinus.bulk.csv_rows import RETURN, ends_at_newlines, row_ends
from serinus.bulk.csv_suspects import suspects
from serinus.bulk.text import NEWLINE, Piece
from serinus.bulk.words import woven
from serinus.errors import JobError, Problem

NO_NUMBERS = pa.record_batch([], names=[])
Places = NDArray[np.int64]


@dataclass(frozen=True)
class CsvPiece:
    piece: Piece

    @property
    def rows(self) -> int:
        return len(self._spans)

    def contents(self, grammar: Grammar) -> Contents:
        form = grammar.reading.form
        if form is None and not grammar.reading.categories and (read := plain(self.piece.text, grammar.layout)):
            return Contents(*read, self._origin)
        whole = self._whole(grammar)
        parts = [(np.arange(whole.num_rows), whole)] if whole is not None else list(self._sorted_out(grammar))
        good = [(places, table) for places, table in parts if table is not None]
        places, table = _in_order(good) if good else (np.arange(0), grammar.schema.empty_table())
        bad = tuple(self._bad(int(places[0]), grammar) for places, table in parts if table is None)
        ids, origin = table.select(grammar.columns.ids), lambda row: self._origin(int(places[row]))
        if form is not None:
            rows, problems = grammar.rows(table, form), partial(grammar.problems, table, form)
            return Contents(ids, rows, origin, bad, problems=problems)
        words = grammar.words(table)
        numbers = next(iter(table.select(grammar.numbers).to_batches()), NO_NUMBERS)
        return Contents(ids, woven(numbers, words, grammar.reading.categories), origin, bad, words)

    def _whole(self, grammar: Grammar) -> pa.Table | None:
        """All rows, if all are good."""
        table = grammar.table(self.piece.text) if ends_at_newlines(self.piece.text) else None
        return table if table is not None and table.num_rows == self.rows else None

    def _sorted_out(self, grammar: Grammar) -> Iterator[tuple[Places, pa.Table | None]]:
        """The rows, if there are any; one at least is bad."""
        places = np.arange(self.rows)
        for fewer in self._divided(places, grammar) if len(places) > 1 else [places][: len(places)]:
            yield from self._parts(fewer, grammar)

    def _parts(self, places: Places, grammar: Grammar) -> Iterator[tuple[Places, pa.Table | None]]:
        """The rows at `places`: what they hold, or None for each that is bad."""
        text = self._text(places)
        table = grammar.table(text) if len(places) == 1 or ends_at_newlines(text) else None
        if table is not None and table.num_rows == len(places):
            yield places, table
        elif len(places) == 1:
            yield places, None
        else:
            for fewer in self._divided(places, grammar):
                yield from self._parts(fewer, grammar)

    def _divided(self, places: Places, grammar: Grammar) -> list[Places]:
        """The rows that look bad each alone, the others together; halves where none looks bad."""
        odd = suspects([self._row(row) for row in places], grammar)
        if not odd.any():
            return np.array_split(places, 2)
        others = [places[~odd]] if not odd.all() else []
        return [*others, *np.split(places[odd], odd.sum())]

    def _bad(self, row: int, grammar: Grammar) -> BadRow:
        unseen = Problem("row", "text that is no row of CSV", f"{len(grammar.names)} columns, no lone carriage return")
        return self._origin(row).bad(grammar.problem(self._row(row)) or unseen)

    def _origin(self, row: int) -> Origin:
        text = self._row(row).decode(errors="backslashreplace")
        return Origin(self._line(int(self._spans[row, 0])), text.removesuffix("\n").removesuffix("\r"))

    def _row(self, row: int) -> bytes:
        return bytes(self.piece.text[self._spans[row, 0] : self._spans[row, 1]])

    def _text(self, places: Places) -> bytes:
        if places[-1] - places[0] == len(places) - 1:
            return bytes(self.piece.text[self._spans[places[0], 0] : self._spans[places[-1], 1]])
        return b"".join(map(self._row, places))

    @cached_property
    def _spans(self) -> Places:
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
        return self.piece.line + int(np.searchsorted(self._newlines, place))

    @cached_property
    def _newlines(self) -> Places:
        """Found once: of many bad rows each asks for its line."""
        return np.flatnonzero(np.frombuffer(self.piece.text or b"\0", np.uint8) == NEWLINE)


def _in_order(parts: Sequence[tuple[Places, pa.Table]]) -> tuple[Places, pa.Table]:
    """All rows of the parts, in the order of their places."""
    if len(parts) == 1:
        return parts[0]
    places = np.concatenate([part for part, _ in parts])
    order = np.argsort(places)
    return places[order], pa.concat_tables([table for _, table in parts]).combine_chunks().take(integers(order))
