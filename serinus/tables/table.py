"""A table to learn from, as its file holds it: texts in a CSV file, values of one type a column in a Parquet file."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from serinus.bulk.chunk import Contents, Reading
from serinus.bulk.columns import Columns, Found, Held
from serinus.bulk.csv_file import CsvFile
from serinus.bulk.text import TextFile
from serinus.bulk.typed_columns import fields_of
from serinus.errors import JobError, SerinusError, listed
from serinus.names import twice

SUFFIXES = (".csv", ".csv.gz", ".parquet")
PIECE_BYTES = 8_000_000
BAD_SHOWN = 3


class TableError(SerinusError):
    """A table is unreadable, or does not hold what is to be learnt."""


@dataclass(frozen=True)
class Table:
    """cells: the columns whose name no other has; as_text: they are texts, as in a CSV file, "" where nothing stands.

    doubled: names of more than one column, all of which are left out: nobody could say which is meant
    digest: the SHA-256 of the file
    """

    source: Path
    cells: pa.Table
    as_text: bool = False
    doubled: tuple[str, ...] = ()
    digest: str = ""

    def __len__(self) -> int:
        return int(self.cells.num_rows)

    @property
    def names(self) -> list[str]:
        return list(self.cells.column_names)

    @property
    def found(self) -> Found:
        """What it offers to fields, as bulk jobs ask."""
        kinds = {} if self.as_text else {name: self.cells.schema.field(name).type for name in self.names}
        held = {name: Held(str(kind), fields_of(kind)) for name, kind in kinds.items()}
        return Found((*self.names, *2 * self.doubled), held=held)

    def column(self, name: str) -> pa.ChunkedArray:
        if name in self.cells.column_names:
            return self.cells.column(name)
        why = "more than one column" if name in self.doubled else "no column"
        raise TableError(f"{self.source} has {why} {name!r}; it has {listed(self.names)}")

    def texts(self, name: str) -> pa.ChunkedArray:
        """A column as the texts it would be in a CSV file."""
        return pc.fill_null(self.column(name).cast(pa.string()), "")

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as numbers, NaN where none stands."""
        encoded = self.texts(name).combine_chunks().dictionary_encode()
        known = np.array([_number(text) for text in encoded.dictionary.to_pylist()], np.float64)
        return np.asarray(known[encoded.indices.to_numpy()], np.float64)

    def codes(self, name: str) -> NDArray[np.int64]:
        """One number for all rows in which a column says the same."""
        return np.asarray(self.texts(name).combine_chunks().dictionary_encode().indices.to_numpy(), np.int64)

    def without(self, unwanted: Mapping[str, Sequence[str]]) -> "Table":
        """The rows whose column `name` says none of the words unwanted[name]."""
        kept = np.ones(len(self), np.bool_)
        for name, words in unwanted.items():
            kept &= ~pc.is_in(self.texts(name), value_set=pa.array(words, pa.string())).to_numpy()
        if not kept.any():
            raise TableError(f"no row is left without {', '.join(unwanted)}")
        return replace(self, cells=self.cells.filter(pa.array(kept)))


def read(source: Path) -> Table:
    """TableError where a row has more or fewer cells than the header, a quote stays open, or there is no row."""
    if not source.name.endswith(SUFFIXES):
        raise TableError(f"cannot read {source}: expected a file ending in {', '.join(SUFFIXES)}")
    try:
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        table = _parquet(source) if source.suffix == ".parquet" else _csv(source)
    except (OSError, JobError, pa.ArrowException) as error:
        raise TableError(f"cannot read {source}: {error}") from error
    if not len(table):
        raise TableError(f"{source} holds no rows")
    return replace(table, digest=digest)


def _parquet(source: Path) -> Table:
    with pq.ParquetFile(source, page_checksum_verification=True) as file:
        table = file.read()
    doubled = tuple(twice(table.column_names))
    places = [place for place, name in enumerate(table.column_names) if name not in doubled]
    return Table(source, table.select(places), doubled=doubled)


def _csv(source: Path) -> Table:
    """By the reader of bulk jobs: what is a row to them is one here, and what is none is none."""
    file = CsvFile(TextFile(source, PIECE_BYTES))
    doubled = tuple(twice(file.found.names))
    columns = Columns(tuple(name for name in file.found.names if name not in doubled), (), ())
    reading = Reading(columns, "allow", source.parent, workers=1)
    parts = [chunk.read() for chunk in file.chunks(reading)]
    _check(source, parts)
    return Table(source, pa.concat_tables([part.ids for part in parts]), as_text=True, doubled=doubled)


def _check(source: Path, parts: Sequence[Contents]) -> None:
    bad = [row for part in parts for row in part.bad]
    if bad:
        told = "; ".join(f"line {row.line}: {row.reason(personal=False)}" for row in bad[:BAD_SHOWN])
        raise TableError(f"{source}: {len(bad):,} rows are none of this table: {told}")


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return np.nan
    return number if np.isfinite(number) else np.nan
