"""The rows read from a Parquet file: which of them can be scored, and how to show one that cannot."""

import json
import math

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from serinus.bulk.chunk import Contents, Numbers, Origin, Reading, block
from serinus.bulk.columns import VECTOR, Columns
from serinus.bulk.formats import jsonl
from serinus.bulk.words import woven
from serinus.errors import Problem


def contents(others: pa.Table, numbers: Numbers, reading: Reading, first: int) -> Contents:
    """others: the ids, the words, and the features where they are one list; first: the first row's number, from 0."""
    columns = reading.columns
    if columns.as_vector:
        return _from_lists(others, columns, first)
    words = {place: others.column(columns.features[place]) for place in reading.categories}
    return Contents(
        ids=others.select(list(columns.ids)) if words else others,
        numbers=woven(numbers, words, reading.categories),
        origin=lambda row: Origin(first + row + 1, json.dumps(_raw(others, numbers, reading, row), ensure_ascii=False)),
        words=words,
    )


def _from_lists(table: pa.Table, columns: Columns, first: int) -> Contents:
    lists = table.column(VECTOR)
    fits = pc.fill_null(pc.equal(pc.list_value_length(lists), columns.width), False)
    good, bad = (pc.indices_nonzero(chosen).to_pylist() for chosen in (fits, pc.invert(fits)))
    flat = pc.list_flatten(lists.filter(fits)).combine_chunks()
    numbers = _as_floats(flat).reshape(-1, columns.width)
    wanted = f"a list of {columns.width} numbers"

    def origin(row: int) -> Origin:
        return Origin(first + row + 1, jsonl(table.slice(row, 1)).decode().strip())

    return Contents(
        ids=table.select(list(columns.ids)).filter(fits),
        numbers=numbers,
        origin=lambda row: origin(good[row]),
        bad=tuple(origin(row).bad(Problem(VECTOR, _length(lists[row]), wanted)) for row in bad),
    )


def _as_floats(flat: pa.Array) -> NDArray[np.floating]:
    wide = flat if pa.types.is_float32(flat.type) else flat.cast(pa.float64(), safe=False)
    batch = pa.record_batch([wide], names=[VECTOR])
    floats: NDArray[np.floating] = batch.to_tensor(null_to_nan=bool(wide.null_count)).to_numpy()
    return floats


def _length(value: pa.Scalar) -> str | None:
    return f"a list of {len(value)}" if value.is_valid else None


def _raw(others: pa.Table, numbers: Numbers, reading: Reading, row: int) -> dict[str, object]:
    members: dict[str, object] = orjson.loads(jsonl(others.slice(row, 1))) if others.num_columns else {}
    if reading.numbers:
        values = zip(reading.numbers, block(numbers, row, 1)[0].tolist(), strict=True)
        members |= {name: None if math.isnan(value) else value for name, value in values}
    return members
