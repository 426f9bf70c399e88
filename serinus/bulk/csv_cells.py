"""Plain CSV: every number stands bare between commas and newlines, and an id at most between two quotes.

Such text is read in half the time Arrow's reader takes, and without its turning of columns into rows: the delimiters
are found at once, and Arrow parses the numbers where they stand. Any other text is left to Arrow's reader.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from serinus.bulk.arrays import texts
from serinus.bulk.chunk import no_columns
from serinus.bulk.csv_rows import COMMA, QUOTE
from serinus.bulk.text import NEWLINE, Text

SLICE_BYTES = 1_000_000  # its delimiters and numbers stay in the processor's cache


@dataclass(frozen=True)
class Layout:
    """columns: of the file. ids, by name, and features, in the model's order: which columns they are."""

    columns: int
    ids: Mapping[str, int]
    features: tuple[int, ...]

    @cached_property
    def others(self) -> NDArray[np.intp]:
        return np.setdiff1d(np.arange(self.columns), self.features)

    @cached_property
    def taken(self) -> slice | NDArray[np.intp]:
        """The features as an index: a slice where they stand side by side, which is taken without a copy."""
        first, last = self.features[0], self.features[-1]
        side_by_side = self.features == tuple(range(first, last + 1))
        return slice(first, last + 1) if side_by_side else np.array(self.features)


@dataclass(frozen=True)
class Cells:
    """Where the cells of a text begin and end: two arrays int64 [N, columns]."""

    text: Text
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def column(self, place: int) -> list[str]:
        """UnicodeDecodeError when a cell is no UTF-8."""
        spans = zip(self.starts[:, place].tolist(), self.ends[:, place].tolist(), strict=True)
        return [self.text[start:end].decode() for start, end in spans]

    def numbers(self, features: slice | NDArray[np.intp], numbers: NDArray[np.float64]) -> None:
        """Fill `numbers` with those columns, NaN where a cell is empty; ArrowInvalid when one is no number."""
        present = np.zeros((*self.ends.shape, 2), np.bool_)
        present[:, features, 0] = self.ends[:, features] > self.starts[:, features]
        # Every cell and, as a missing one, the delimiter behind it: so the text is Arrow's, byte for byte, uncopied.
        borders = np.zeros(2 * self.ends.size + 1, np.int32)
        borders[1::2] = self.ends.ravel()
        np.add(borders[1::2], 1, out=borders[2::2])
        bits = np.packbits(present.ravel(), bitorder="little")
        cells = pa.StringArray.from_buffers(present.size, *map(pa.py_buffer, (borders, self.text, bits)))
        values = np.frombuffer(cells.cast(pa.float64()).buffers()[1], np.float64, present.size)
        numbers[:] = values.reshape(present.shape)[:, features, 0]
        numbers[~present[:, features, 0]] = np.nan


def plain(text: Text, layout: Layout, *, slice_bytes: int = SLICE_BYTES) -> tuple[pa.Table, NDArray[np.float64]] | None:
    """The ids and the numbers [N, features] of all rows of `text`, or None when it is not plain."""
    if layout.columns == 1 or not layout.features or not text.endswith(b"\n") or b"\r" in text:
        return None
    numbers = np.empty((text.count(b"\n"), len(layout.features)))
    ids: dict[str, list[str]] = {name: [] for name in layout.ids}
    read = 0
    try:
        for piece in _slices(text, slice_bytes):
            cells = _cells(piece, layout.columns)
            unquoted = cells and _unquoted(cells, layout.others)
            if not cells or not unquoted:
                return None
            cells.numbers(layout.taken, numbers[read : read + len(cells.ends)])
            for name, place in layout.ids.items():
                ids[name] += unquoted.column(place)
            read += len(cells.ends)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    return pa.table({name: texts(values) for name, values in ids.items()}) if ids else no_columns(read), numbers


def _slices(text: Text, size: int) -> Iterator[Text]:
    """Whole lines, about `size` bytes of them at a time."""
    start = 0
    while start < len(text):
        end = text.find(b"\n", start + size) + 1 or len(text)
        yield text[start:end]
        start = end


def _cells(text: Text, columns: int) -> Cells | None:
    """The cells of `text`, whole lines; None when a line has more or fewer of them."""
    codes = np.frombuffer(text, np.uint8)
    is_newline = codes == NEWLINE
    delimiters = np.flatnonzero(is_newline | (codes == COMMA))
    rows = np.count_nonzero(is_newline)
    if len(delimiters) != rows * columns or not is_newline[delimiters[columns - 1 :: columns]].all():
        return None
    starts = np.concatenate([[0], delimiters[:-1] + 1])
    return Cells(text, starts.reshape(rows, columns), delimiters.reshape(rows, columns))


def _unquoted(cells: Cells, columns: NDArray[np.intp]) -> Cells | None:
    """The cells without the quotes around those of the given `columns`; None when a quote stands anywhere else."""
    if b'"' not in cells.text:
        return cells
    codes = np.frombuffer(cells.text, np.uint8)
    starts, ends = cells.starts[:, columns], cells.ends[:, columns]
    quoted = (ends - starts >= 2) & (codes[starts] == QUOTE) & (codes[ends - 1] == QUOTE)
    if 2 * np.count_nonzero(quoted) != np.count_nonzero(codes == QUOTE):
        return None
    inner = Cells(cells.text, cells.starts.copy(), cells.ends.copy())
    inner.starts[:, columns] += quoted
    inner.ends[:, columns] -= quoted
    return inner
