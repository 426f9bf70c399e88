"""A real table of plots, as its file holds it: text in a CSV file, numbers and dates in a Parquet file."""

import csv
import gzip
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from serinus.errors import SerinusError, listed
from serinus.field_columns import Distinct
from serinus.names import twice

Cells = Sequence[object]


class TableError(SerinusError):
    """A table is unreadable, or does not hold what is to be learnt."""


@dataclass(frozen=True)
class Table:
    """columns: by name, None or "" where a cell is empty; as_text: numbers are spelt out, as in a CSV file.

    doubled: names that more than one column has, all of which are left out: nobody could say which is meant
    digest: the SHA-256 of the file
    """

    source: Path
    columns: Mapping[str, Cells]
    as_text: bool
    doubled: tuple[str, ...] = ()
    digest: str = ""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def cells(self, name: str) -> Cells:
        if name not in self.columns:
            why = "more than one column" if name in self.doubled else "no column"
            raise TableError(f"{self.source} has {why} {name}; it has {listed(list(self.columns))}")
        return self.columns[name]

    def column(self, name: str) -> Distinct:
        """As fields take it."""
        return Distinct.of(self.cells(name), as_text=self.as_text)


def read(source: Path) -> Table:
    try:
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        return replace(_read(source), digest=digest)
    except (OSError, EOFError, zlib.error, csv.Error, UnicodeDecodeError, pa.ArrowException) as error:
        raise TableError(f"cannot read {source}: {error}") from error


def _read(source: Path) -> Table:
    if source.suffix == ".parquet":
        return _of_arrow(source, pq.read_table(source))
    with gzip.open(source, "rt", newline="") if source.suffix == ".gz" else source.open(newline="") as file:
        return _of_text(source, list(csv.reader(file, strict=True)))


def _of_arrow(source: Path, table: pa.Table) -> Table:
    if not table.num_rows or not table.num_columns:
        raise TableError(f"{source} holds no rows")
    doubled = tuple(twice(table.column_names))
    names = [name for name in table.column_names if name not in doubled]
    return Table(source, {name: table[name].to_pylist() for name in names}, as_text=False, doubled=doubled)


def _of_text(source: Path, lines: list[list[str]]) -> Table:
    header, rows = (lines[0], [line for line in lines[1:] if line]) if lines else ([], [])
    if not rows:
        raise TableError(f"{source} holds no rows under a header")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise TableError(f"{source}: row {number} has {len(row)} cells, the header {len(header)}")
    doubled = tuple(twice(header))
    columns = dict(zip(header, zip(*rows, strict=True), strict=False))
    return Table(source, {name: of for name, of in columns.items() if name not in doubled}, True, doubled)
