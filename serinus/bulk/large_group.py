"""A row group too large for memory, laid out in a scratch file so that its parts can be read in any order."""

import errno
import os
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import IO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from serinus.bulk.chunk import Reading, has_gaps, no_columns
from serinus.bulk.parquet_reader import ParquetReader
from serinus.bulk.stretches import Stretch


class LargeGroup:
    """The parts of one row group. The first part that is asked for lays out all of them, on all cores."""

    def __init__(self, reader: ParquetReader, parts: Sequence[Stretch], reading: Reading) -> None:
        self._reader = reader
        self._parts = parts
        self._reading = reading
        self._lock = threading.Lock()
        self._laid_out: Layout | None = None

    def part(self, number: int) -> tuple[pa.Table, NDArray[np.floating]]:
        """The ids of a part (and its features if they are one list), and its features if they are columns."""
        with self._lock:
            self._laid_out = self._laid_out or lay_out(self._empty(), self._reading.workers)
        return self._laid_out.table(number), self._laid_out.numbers(number)

    def _empty(self) -> "Layout":
        scratch = tempfile.TemporaryFile(dir=self._reading.scratch)  # noqa: SIM115  (it lives as long as the group)
        weakref.finalize(self, scratch.close)
        return Layout(self._reader, self._parts, scratch)


@dataclass(frozen=True)
class Layout:
    """scratch: an unnamed file, gone when the group is forgotten or the process dies. The features stand in it first,
    part by part and column by column; then the other columns of each part, as Arrow streams at `tables`."""

    reader: ParquetReader
    parts: Sequence[Stretch]
    scratch: IO[bytes]
    tables: Sequence[tuple[int, int]] = ()

    def table(self, part: int) -> pa.Table:
        """The ids of a part, and its features if they are one list."""
        if not self.reader.others:
            return no_columns(self.parts[part].rows)
        start, length = self.tables[part]
        with pa.ipc.open_stream(pa.py_buffer(os.pread(self.scratch.fileno(), length, start))) as stream:
            return stream.read_all()

    def numbers(self, part: int) -> NDArray[np.floating]:
        """The features of a part, one row of them per row of the part."""
        rows, width = self.parts[part].rows, len(self.reader.columns)
        numbers = np.empty((width, rows), self._dtype)
        os.preadv(self.scratch.fileno(), [numbers.data], self._place(part, 0))
        return numbers.T

    def put(self, slab: slice) -> None:
        """Lay out some feature columns of all parts."""
        columns = self.reader.features(self.parts[0].groups, slab)
        numbers = columns.to_tensor(null_to_nan=has_gaps(columns), row_major=False).to_numpy().T
        first = self.parts[0].first
        for number, part in enumerate(self.parts):
            rows = numbers[:, part.first - first : part.first - first + part.rows]
            _put(self.scratch, np.ascontiguousarray(rows).data, self._place(number, slab.start))

    @property
    def end(self) -> int:
        """Where the features end in the scratch file."""
        return sum(part.rows for part in self.parts) * len(self.reader.columns) * self._dtype.itemsize

    def _place(self, part: int, column: int) -> int:
        rows_before = self.parts[part].first - self.parts[0].first
        numbers_before = rows_before * len(self.reader.columns) + self.parts[part].rows * column
        return numbers_before * self._dtype.itemsize

    @property
    def _dtype(self) -> np.dtype[np.floating]:
        return np.dtype(np.float32 if self.reader.kind.equals(pa.float32()) else np.float64)


def lay_out(empty: Layout, workers: int) -> Layout:
    """Read the row group that the parts are pieces of once, into the scratch file."""
    slabs = empty.reader.slabs(sum(part.rows for part in empty.parts))
    with ThreadPoolExecutor(workers) as pool:
        tables = pool.submit(lambda: list(_put_tables(empty) if empty.reader.others else ()))
        for put in [pool.submit(empty.put, slab) for slab in slabs]:
            put.result()
        return replace(empty, tables=tables.result())


def _put_tables(layout: Layout) -> Iterator[tuple[int, int]]:
    """Lay out the other columns of all parts behind the features; yields where each part's begin, and their length."""
    place = layout.end
    batches = layout.reader.batches(layout.parts[0].groups[0], layout.reader.others, layout.parts[0].rows)
    for part in layout.parts:
        stream = pa.BufferOutputStream()
        with pa.ipc.new_stream(stream, layout.reader.others_schema) as writer:
            for batch in _of(part, batches):
                writer.write_batch(batch)
        written = memoryview(stream.getvalue())
        _put(layout.scratch, written, place)
        yield place, len(written)
        place += len(written)


def _of(part: Stretch, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The next batches, as many as make up `part`: long texts come in several."""
    rows = 0
    while rows < part.rows:
        batch = next(batches)
        rows += batch.num_rows
        yield batch


def _put(scratch: IO[bytes], contents: memoryview, place: int) -> None:
    """Write all of `contents`; a write that a full disk cuts short is an error, not a shorter write."""
    if os.pwrite(scratch.fileno(), contents, place) != contents.nbytes:
        raise OSError(errno.ENOSPC, "the disk is full", scratch.name)
