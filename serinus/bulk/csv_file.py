"""A CSV file as input of a job."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial

from serinus.bulk.chunk import Chunk, Reading
from serinus.bulk.columns import Columns, Found
from serinus.bulk.csv_grammar import Grammar
from serinus.bulk.csv_piece import CsvPiece
from serinus.bulk.csv_rows import fields, row_ends, whole_rows
from serinus.bulk.text import TextFile
from serinus.errors import JobError, listed


@dataclass(frozen=True)
class CsvFile:
    """Ids are text, exactly as it stands in the file: "007" stays "007"."""

    file: TextFile

    @property
    def format(self) -> str:
        return "csv.gz" if self.file.is_gzipped else "csv"

    @property
    def size(self) -> int:
        return self.file.stored_bytes

    @property
    def found(self) -> Found:
        return Found(self._header[0])

    def most_rows(self, columns: Columns) -> int | None:
        """How many good rows the file can hold at most, when that is known: a missing value is but its comma."""
        return None if self.file.is_gzipped else self.size // columns.width + 1

    def count(self) -> int:
        return sum(CsvPiece(piece.after(self._header[1])).rows for piece in self.file.pieces(whole_rows))

    def chunks(self, reading: Reading) -> Iterator[Chunk]:
        _check_words(reading)
        names, begin = self._header
        grammar = Grammar(names, reading)
        for index, piece in enumerate(self.file.pieces(whole_rows)):
            rows = CsvPiece(piece.after(begin))
            yield Chunk(index, piece.reached, partial(rows.contents, grammar))

    @cached_property
    def _header(self) -> tuple[tuple[str, ...], int]:
        """The names in the first row, and where the rows behind it begin."""
        head = self.file.head()
        text = head.lstrip(b"\r\n")
        if not text:
            raise JobError(f"{self.file.path} is empty: expected a header row with the names of the columns")
        ends = row_ends(text if b"\n" in text else text + b"\n")
        if not len(ends):
            raise JobError(f"{self.file.path}: the header row does not end; is a quote left open?")
        begin = int(ends[0])
        try:
            return tuple(fields(text[:begin].decode())), len(head) - len(text) + begin
        except (UnicodeDecodeError, csv.Error) as error:
            raise JobError(f"{self.file.path}: cannot read the header row: {error}") from error


def _check_words(reading: Reading) -> None:
    if empty := [reading.columns.names[at] for at, category in reading.categories.items() if "" in category.words]:
        raise JobError(
            f"an empty cell of CSV is a missing value, and the empty text is a word of {listed(empty)}: "
            "score JSON lines or Parquet instead"
        )
