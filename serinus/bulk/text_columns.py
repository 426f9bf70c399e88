"""Columns of text cells as columns of fields: what a cell means, `serinus.fields.GivenField.parsed` says.

Numbers are read by Arrow, all at once, where every cell of a column is one or is missing. A column with any other cell
is read value by value, each different one once; so one bad cell costs time, and never the meaning of another.
"""

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from serinus.bulk.arrays import texts
from serinus.category import REFUSED
from serinus.field_columns import Column, Distinct
from serinus.fields import NUMBERS, GivenField


def of_text(cells: pa.ChunkedArray, field: GivenField, missing: Collection[str]) -> Column:
    numbers = _numbers(cells, missing) if field.type in NUMBERS else None
    return distinct(cells, as_text=True) if numbers is None else numbers


def one(cell: str) -> Distinct:
    """A column of one cell."""
    return Distinct([cell], np.zeros(1, np.int64), as_text=True)


def distinct(column: pa.ChunkedArray, *, as_text: bool = False) -> Distinct:
    """A column of texts or truths."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return Distinct(encoded.dictionary.to_pylist(), encoded.indices.to_numpy(), as_text)


def _numbers(cells: pa.ChunkedArray, missing: Collection[str]) -> NDArray[np.float64] | None:
    """The numbers in `cells`, NaN for a missing one; None when a cell is something else."""
    if not any(map(_is_number, missing)) and (read := _cast(cells)) is not None:
        return _finite(read)
    present = pc.if_else(pc.is_in(cells, value_set=texts(["", *sorted(missing)])), None, cells)
    read = _cast(present)
    if read is None and (read := _cast(pc.ascii_trim_whitespace(present))) is None:
        return None
    return _finite(read)


def _finite(read: pa.ChunkedArray) -> NDArray[np.float64]:
    """Nulls as NaN: "nan" is no missing value unless it is said to be."""
    numbers = np.array(read.to_numpy())
    if np.isnan(numbers).any():
        numbers[np.isnan(numbers) & pc.is_valid(read).to_numpy()] = REFUSED
    return numbers


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cast(cells: pa.ChunkedArray) -> pa.ChunkedArray | None:
    try:
        return cells.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
