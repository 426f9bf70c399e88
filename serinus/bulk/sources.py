"""What a job can read: which kind of file it is, told by its name."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from serinus.bulk.chunk import Chunk, Reading
from serinus.bulk.columns import Columns, Found
from serinus.bulk.csv_file import CsvFile
from serinus.bulk.jsonl_file import JsonlFile
from serinus.bulk.parquet_file import ParquetFile
from serinus.bulk.text import TextFile
from serinus.errors import JobError

SUFFIXES = (".parquet", ".pq", ".csv", ".csv.gz", ".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
SAMPLE_BYTES = 1_000_000


@dataclass(frozen=True)
class Cut:
    """How large chunks are. piece_bytes: of text; rows: of a Parquet file, or as many as fit a worker's memory."""

    piece_bytes: int = 8_000_000
    rows: int | None = None


class Source(Protocol):
    @property
    def format(self) -> str: ...
    @property
    def size(self) -> int:
        """How much there is to read: rows of a Parquet file, bytes of a text file."""

    @property
    def found(self) -> Found: ...
    def most_rows(self, columns: Columns) -> int | None:
        """How many good rows there can be at most, if that is known before reading."""

    def count(self) -> int:
        """How many rows there are; reads a text file to its end."""

    def chunks(self, reading: Reading) -> Iterator[Chunk]:
        """The input in order, at least one chunk; where chunks end depends on the input alone."""


def open_source(path: Path, cut: Cut) -> Source:
    if not path.is_file():
        raise JobError(f"{path} is not a file")
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".csv"):
        return CsvFile(TextFile(path, cut.piece_bytes))
    if name.endswith((".jsonl", ".ndjson")):
        return JsonlFile(TextFile(path, cut.piece_bytes))
    if path.name.lower().endswith((".parquet", ".pq")):
        return ParquetFile(path, cut.rows)
    raise JobError(f"cannot tell what {path.name} is: expected a name that ends in {', '.join(SUFFIXES)}")


def identity(path: Path) -> str:
    """Tells a file from another and from what it was before, without reading all of it: size, time, both ends."""
    stat = path.stat()
    told = hashlib.sha256(f"{stat.st_size} {stat.st_mtime_ns} ".encode())
    with path.open("rb") as file:
        told.update(file.read(SAMPLE_BYTES))
        file.seek(max(stat.st_size - SAMPLE_BYTES, 0))
        told.update(file.read(SAMPLE_BYTES))
    return told.hexdigest()
