"""The rows of a CSV, JSON lines or Parquet file, from any place on where an earlier reading has stopped."""

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias, cast

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from serinus.errors import JobError
from serinus.features.plain import plain

SUFFIXES = (".csv", ".jsonl", ".ndjson", ".csv.gz", ".jsonl.gz", ".ndjson.gz", ".parquet", ".pq")
BATCH = 10_000
Row: TypeAlias = Mapping[str, object] | str  # or why it is none


class Rows(Protocol):
    """names: of the columns, None where each row has its own; as_text: values are cells of text."""

    @property
    def names(self) -> Sequence[str] | None: ...
    @property
    def as_text(self) -> bool: ...
    def read(self, place: int, only: str | None = None) -> Iterator[tuple[int, Row]]:
        """Each row from `place` on, after the place behind it; 0 is the start. only: the one column that is needed."""


def open_rows(path: Path) -> Rows:
    if not path.is_file():
        raise JobError(f"{path} is not a file")
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".csv"):
        return CsvRows(path)
    if name.endswith((".jsonl", ".ndjson")):
        return JsonRows(path)
    if name.endswith((".parquet", ".pq")):
        return ParquetRows(path)
    raise JobError(f"cannot tell what {path.name} is: expected a name that ends in {', '.join(SUFFIXES)}")


@dataclass(frozen=True)
class CsvRows:
    path: Path
    as_text: bool = True

    @cached_property
    def names(self) -> Sequence[str]:
        return self._header[0]

    def read(self, place: int, only: str | None = None) -> Iterator[tuple[int, Row]]:
        with _opened(self.path) as file:
            lines = Lines(file, place or self._header[1])
            for row in _csv_rows(lines, self.names):
                yield lines.place, row

    @cached_property
    def _header(self) -> tuple[Sequence[str], int]:
        with _opened(self.path) as file:
            lines = Lines(file, 0)
            try:
                names = [name.removeprefix("\ufeff") for name in next(csv.reader(lines, strict=True), [])]
            except csv.Error as error:
                raise JobError(f"{self.path}: cannot read the header row: {error}") from error
        if len(set(names)) < len(names) or not names:
            raise JobError(f"{self.path}: expected a header row with the different names of the columns")
        return names, lines.place


@dataclass(frozen=True)
class JsonRows:
    path: Path
    names: None = None
    as_text: bool = False

    def read(self, place: int, only: str | None = None) -> Iterator[tuple[int, Row]]:
        with _opened(self.path) as file:
            file.seek(place)
            for line in file:
                place += len(line)
                if line.strip():
                    yield place, _json_row(line)


@dataclass(frozen=True)
class ParquetRows:
    path: Path
    as_text: bool = False

    @property
    def names(self) -> Sequence[str]:
        with self._opened() as file:
            return list(file.schema_arrow.names)

    def read(self, place: int, only: str | None = None) -> Iterator[tuple[int, Row]]:
        with self._opened() as file:
            sizes = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
            first = 0
            while sizes[first:] and sum(sizes[: first + 1]) <= place:
                first += 1
            row_place = sum(sizes[:first])
            columns = None if only is None else [only]
            for batch in file.iter_batches(BATCH, row_groups=range(first, len(sizes)), columns=columns):
                for row in plain(pa.Table.from_batches([batch]), str(self.path)).to_pylist():
                    row_place += 1
                    if row_place > place:
                        yield row_place, row

    def _opened(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self.path, page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            raise JobError(f"{self.path} is not a Parquet file: {error}") from error


class Lines:
    """Lines of text, and the place behind the last one. is_broken: a line was not UTF-8."""

    def __init__(self, file: BinaryIO, place: int) -> None:
        file.seek(place)
        self._file = file
        self.place = place
        self.is_broken = False

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self.place += len(line)
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.is_broken = True
            return line.decode(errors="replace")


def _csv_rows(lines: Lines, names: Sequence[str]) -> Iterator[Row]:
    reader = csv.reader(lines, strict=True)
    while True:
        lines.is_broken = False
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield f"not CSV: {error}"
            continue
        if cells:
            yield _csv_row(cells, names, is_broken=lines.is_broken)


def _csv_row(cells: list[str], names: Sequence[str], *, is_broken: bool) -> Row:
    if is_broken:
        return "not UTF-8"
    if len(cells) != len(names):
        return f"expected {len(names)} cells, got {len(cells)}"
    return dict(zip(names, cells, strict=True))


def _json_row(line: bytes) -> Row:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return "not JSON"
    return row if isinstance(row, dict) else "not an object"


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb"))
