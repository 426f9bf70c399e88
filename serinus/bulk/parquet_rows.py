"""The rows read from a Parquet file: which of them can be scored, and how to show one that cannot."""

import json
import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from serinus.bulk.chunk import Contents, Numbers, Origin, Reading, block
from serinus.bulk.columns import VECTOR, Columns
from serinus.bulk.formats import jsonl
from serinus.bulk.typed_columns import of_column
from serinus.bulk.words import woven
from serinus.errors import Problem
from serinus.record import Form


def contents(others: pa.Table, numbers: Numbers, reading: Reading, first: int) -> Contents:
    """others: the ids, and features or fields that are no numbers, or one list; first: the first row's, from 0."""
    columns = reading.columns
    if columns.as_vector:
        return _from_lists(others, columns, first)
    if reading.form is not None:
        return _of_fields(others, numbers, reading.form, first)
    words = {place: others.column(columns.features[place]) for place in reading.categories}
    return Contents(
        ids=others.select(list(columns.ids)) if words else others,
        numbers=woven(numbers, words, reading.categories),
        origin=lambda row: Origin(first + row + 1, _raw(others, numbers, reading.numbers, row)),
        words=words,
    )


def _of_fields(others: pa.Table, numbers: Numbers, form: Form, first: int) -> Contents:
    """The fields that are not among the others are the numbers, in their order."""
    fields = {field.name: field for field in form.needed}
    counted = [name for name in fields if name not in others.column_names]
    read = {name: of_column(others.column(name), fields[name]) for name in fields if name not in counted}
    columns = read | {name: _column(numbers, place) for place, name in enumerate(counted)}
    return Contents(
        ids=others.select([name for name in others.column_names if name not in fields]),
        numbers=form.rows(columns),
        origin=lambda row: Origin(first + row + 1, _raw(others, numbers, counted, row)),
        problems=partial(form.problems, columns),
    )


def _column(numbers: Numbers, place: int) -> NDArray[np.floating]:
    if isinstance(numbers, np.ndarray):
        return numbers[:, place]
    column: NDArray[np.floating] = numbers.column(place).to_numpy(zero_copy_only=False)
    return column


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


def _raw(others: pa.Table, numbers: Numbers, names: Sequence[str], row: int) -> str:
    """A row as JSON; names: of the `numbers`."""
    members: dict[str, object] = orjson.loads(jsonl(others.slice(row, 1))) if others.num_columns else {}
    if names:
        values = zip(names, block(numbers, row, 1)[0].tolist(), strict=True)
        members |= {name: None if math.isnan(value) else value for name, value in values}
    return json.dumps(members, ensure_ascii=False)
