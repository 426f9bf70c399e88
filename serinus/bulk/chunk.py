"""A chunk of the input: its place in the file, and the rows read from it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from serinus.bulk.columns import Columns
from serinus.category import Category
from serinus.errors import Problem
from serinus.record import Form
from serinus.schema import NanPolicy

Numbers: TypeAlias = "pa.RecordBatch | NDArray[np.float32] | NDArray[np.float64]"
BLOCK_ROWS = 512  # 1.6 MB of 784 floats: turned into rows and scored while it is in the processor's cache


@dataclass(frozen=True)
class BadRow:
    """A row that was not scored. line: its physical line in a text file, its number in a Parquet file, from 1."""

    line: int
    problems: tuple[Problem, ...]
    raw: str

    def reason(self, *, personal: bool) -> str:
        """What is wrong; of people without what stands there, which `raw` alone says."""
        return "; ".join(f"{p.field}: expected {p.expected}" if personal else str(p) for p in self.problems)


@dataclass(frozen=True)
class Origin:
    """Where a row stood, and what stood there."""

    line: int
    raw: str

    def bad(self, *problems: Problem) -> BadRow:
        return BadRow(self.line, problems, self.raw)


@dataclass(frozen=True)
class Contents:
    """The rows of a chunk, in order.

    ids: one row per readable row, the columns to keep
    numbers: the features of the same rows: N rows of F columns
    origin: where readable row i stood
    bad: the rows that could not be read
    words: by place, the features that stand in the file as words, as far as they were not checked while they were read
    problems: what is wrong with row i, where the numbers were made of fields
    """

    ids: pa.Table
    numbers: Numbers
    origin: Callable[[int], Origin]
    bad: tuple[BadRow, ...] = ()
    words: Mapping[int, pa.ChunkedArray] = field(default_factory=dict)
    problems: Callable[[int], Sequence[Problem]] | None = None

    def blocks(self) -> Iterator[NDArray[np.floating]]:
        """The numbers, BLOCK_ROWS rows at a time, row by row in memory."""
        gaps = has_gaps(self.numbers)
        for start in range(0, self.ids.num_rows, BLOCK_ROWS):
            yield block(self.numbers, start, BLOCK_ROWS, gaps=gaps)


@dataclass(frozen=True)
class Chunk:
    """A stretch of the input. reached: how far into it, of its `size`, one is when it is read."""

    index: int
    reached: int
    read: Callable[[], Contents]


@dataclass(frozen=True)
class Reading:
    """How an input is to be read. scratch: a folder for what does not fit in memory; workers: threads to read with.

    categories: by place, the features that are words
    form: what makes rows of the columns, where the service has fields
    """

    columns: Columns
    nan_policy: NanPolicy
    scratch: Path
    workers: int
    categories: Mapping[int, Category] = field(default_factory=dict)
    form: Form | None = None

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns of the features that are no words."""
        return tuple(name for place, name in enumerate(self.columns.features) if place not in self.categories)


def has_gaps(numbers: Numbers) -> bool:
    """Whether any number is missing without being NaN."""
    if isinstance(numbers, np.ndarray):
        return False
    return any(numbers.column(place).null_count for place in range(numbers.num_columns))


def block(numbers: Numbers, start: int, rows: int, *, gaps: bool = True) -> NDArray[np.floating]:
    """Some rows of `numbers`; turning gaps into NaN takes twice the time of turning columns into rows."""
    if isinstance(numbers, np.ndarray):
        return numbers[start : start + rows]
    tensor = numbers.slice(start, rows).to_tensor(null_to_nan=gaps, row_major=True)
    return np.asarray(tensor.to_numpy())


def no_columns(rows: int) -> pa.Table:
    """A table of no column that knows how many rows it has."""
    return pa.table({"": pa.nulls(rows)}).select([])
