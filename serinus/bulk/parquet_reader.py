"""Reads chosen columns of chosen row groups, the features that are numbers as numbers of one type."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from serinus.bulk.chunk import Reading
from serinus.bulk.columns import VECTOR
from serinus.bulk.typed_columns import is_number
from serinus.fields import NUMBERS

SLAB_BYTES = 4_000_000  # features decoded at a time: all 784 at once need three times the memory
BUFFER_BYTES = 1_000_000


@dataclass(frozen=True)
class ParquetReader:
    """metadata: the file's footer, parsed once. Safe to use from several threads: each reading opens the file."""

    path: Path
    metadata: pq.FileMetaData
    reading: Reading

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The features, or fields, read as numbers."""
        form = self.reading.form
        if form is None:
            return self.reading.numbers
        numbers = (field.name for field in form.needed if field.type in NUMBERS)
        return tuple(name for name in numbers if is_number(self.schema.field(name).type))

    @cached_property
    def schema(self) -> pa.Schema:
        return self.metadata.schema.to_arrow_schema()

    @cached_property
    def kind(self) -> pa.DataType:
        """What the numbers are read as: float32 if they are no wider, float64 if any of them is."""
        kinds = {self.schema.field(name).type for name in self.columns}
        return pa.float32() if kinds <= {pa.float16(), pa.float32()} else pa.float64()

    @property
    def others(self) -> list[str]:
        """The columns read besides the slabs: the ids, and features or fields that are no numbers, or one list."""
        columns, numbers = self.reading.columns, set(self.columns)
        return [*columns.ids, *(name for name in columns.features or [VECTOR] if name not in numbers)]

    @property
    def others_schema(self) -> pa.Schema:
        return pa.schema([self.schema.field(name) for name in self.others])

    def slabs(self, rows: int) -> Iterator[slice]:
        """Stretches of the numbers to be decoded together, when there are `rows` rows."""
        width = max(SLAB_BYTES // (max(rows, 1) * self.kind.bit_width // 8), 1)
        for start in range(0, len(self.columns), width):
            yield slice(start, min(start + width, len(self.columns)))

    def numbers(self, groups: Sequence[int], rows: int) -> pa.RecordBatch:
        """All numbers of whole row groups."""
        with self._opened() as file:
            slabs = [self._features(file, groups, slab) for slab in self.slabs(rows)]
        columns = [column for slab in slabs for column in slab.columns]
        return pa.RecordBatch.from_arrays(columns, names=list(self.columns))

    def features(self, groups: Sequence[int], slab: slice) -> pa.RecordBatch:
        """Some numbers of whole row groups."""
        with self._opened() as file:
            return self._features(file, groups, slab)

    def _features(self, file: pq.ParquetFile, groups: Sequence[int], slab: slice) -> pa.RecordBatch:
        names = self.columns[slab]
        table = _read(file, groups, names)
        wanted = pa.schema([(name, self.kind) for name in names])
        fitting = table if table.schema.equals(wanted) else table.cast(wanted, safe=False)
        return pa.RecordBatch.from_arrays([_whole(column) for column in fitting.columns], schema=wanted)

    def table(self, groups: Sequence[int], names: Sequence[str]) -> pa.Table:
        with self._opened() as file:
            return _read(file, groups, names)

    def batches(self, group: int, names: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        """One row group, `rows` rows at a time, without holding all of it."""
        with self._opened() as file:
            yield from file.iter_batches(rows, row_groups=[group], columns=list(names), use_threads=False)

    def _opened(self) -> pq.ParquetFile:
        return pq.ParquetFile(
            self.path,
            metadata=self.metadata,
            pre_buffer=False,
            buffer_size=BUFFER_BYTES,
            page_checksum_verification=True,
        )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _read(file: pq.ParquetFile, groups: Sequence[int], names: Sequence[str]) -> pa.Table:
    table = file.read_row_groups(list(groups), columns=list(names), use_threads=False)
    return table.select(list(names)).replace_schema_metadata(None)
