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


def distinct(column: pa.ChunkedArray, *, as_text: bool = False) -> Distinct:
    """A column of texts or truths."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return Distinct(encoded.dictionary.to_pylist(), encoded.indices.to_numpy(), as_text)


def _numbers(cells: pa.ChunkedArray, missing: Collection[str]) -> NDArray[np.float64] | None:
    """The numbers in `cells`, NaN for a missing one; None when a cell is something else."""
    absent = pc.is_in(cells, value_set=texts(["", *sorted(missing)]))
    present = pc.if_else(absent, None, cells)
    read = _cast(present)
    if read is None and (read := _cast(pc.ascii_trim_whitespace(present))) is None:
        return None
    numbers = np.array(read.to_numpy())
    numbers[np.isnan(numbers) & ~absent.to_numpy()] = REFUSED  # "nan" is no missing value unless it is said to be
    return numbers


def _cast(cells: pa.ChunkedArray) -> pa.ChunkedArray | None:
    try:
        return cells.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
