"""A Parquet file as input of a job."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from serinus.bulk.chunk import Chunk, Contents, Reading, no_columns
from serinus.bulk.columns import VECTOR, Columns, Found, Held
from serinus.bulk.large_group import LargeGroup
from serinus.bulk.parquet_reader import ParquetReader
from serinus.bulk.parquet_rows import contents
from serinus.bulk.stretches import Stretch, chunk_rows, stretches
from serinus.bulk.typed_columns import fields_of, is_number
from serinus.bulk.words import are_words
from serinus.errors import JobError

BROKEN = (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError)


@dataclass(frozen=True)
class ParquetFile:
    path: Path
    rows_per_chunk: int | None

    @property
    def format(self) -> str:
        return "parquet"

    @property
    def size(self) -> int:
        return int(self._metadata.num_rows)

    @property
    def found(self) -> Found:
        kinds = {column.name: column.type for column in self._schema}
        return Found(
            names=tuple(self._schema.names),
            fractions=tuple(name for name, kind in kinds.items() if pa.types.is_floating(kind)),
            unfit={name: str(kind) for name, kind in kinds.items() if not is_number(kind)},
            wordless={name: str(kind) for name, kind in kinds.items() if not are_words(kind)},
            vector=VECTOR in kinds and _is_list(kinds[VECTOR]) and is_number(kinds[VECTOR].value_type),
            held={name: Held(str(kind), fields_of(kind)) for name, kind in kinds.items()},
        )

    def most_rows(self, columns: Columns) -> int | None:
        return self.size

    def count(self) -> int:
        return self.size

    def chunks(self, reading: Reading) -> Iterator[Chunk]:
        reader = ParquetReader(self.path, self._metadata, reading)
        rows = [self._metadata.row_group(group).num_rows for group in range(self._metadata.num_row_groups)]
        planned = stretches(rows, self.rows_per_chunk or chunk_rows(reading.columns.width))
        runs = ([*run] for _, run in groupby(planned, key=_cut_group))
        reads = (read for run in runs for read in _reads(reader, run, reading))
        for index, (stretch, read) in enumerate(zip(planned, reads, strict=True)):
            yield Chunk(index, stretch.first + stretch.rows, partial(self._checked, read))

    def _checked(self, read: Callable[[], Contents]) -> Contents:
        try:
            return read()
        except BROKEN as error:
            raise JobError(f"{self.path} cannot be read: {error}") from error

    @property
    def _schema(self) -> pa.Schema:
        return self._metadata.schema.to_arrow_schema()

    @cached_property
    def _metadata(self) -> pq.FileMetaData:
        try:
            return pq.read_metadata(self.path)
        except BROKEN as error:
            raise JobError(f"{self.path} is not a Parquet file: {error}") from error


def _cut_group(stretch: Stretch) -> tuple[int, ...]:
    """The row group that the stretch is a part of, if it is a part of one."""
    return () if stretch.part is None else stretch.groups


def _reads(reader: ParquetReader, run: list[Stretch], reading: Reading) -> Iterator[Callable[[], Contents]]:
    """How to read each stretch of `run`: whole row groups, or parts of the same large one."""
    large = LargeGroup(reader, run, reading)
    for stretch in run:
        yield partial(_whole, reader, stretch) if stretch.part is None else partial(_part, reader, stretch, large)


def _whole(reader: ParquetReader, stretch: Stretch) -> Contents:
    others = reader.table(stretch.groups, reader.others) if reader.others else no_columns(stretch.rows)
    return contents(others, reader.numbers(stretch.groups, stretch.rows), reader.reading, stretch.first)


def _part(reader: ParquetReader, stretch: Stretch, large: LargeGroup) -> Contents:
    return contents(*large.part(stretch.part or 0), reader.reading, stretch.first)


def _is_list(kind: pa.DataType) -> bool:
    return any(is_kind(kind) for is_kind in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list))
