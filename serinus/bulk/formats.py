"""A table as the bytes of a file: Parquet, CSV or JSON lines. The same table, the same bytes."""

import json
from collections.abc import Callable, Mapping
from typing import Literal

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from serinus.bulk.json_ids import JSON_TEXT

Format = Literal["parquet", "csv", "jsonl"]


def parquet(table: pa.Table) -> bytes:
    stream = pa.BufferOutputStream()
    pq.write_table(table, stream, compression="zstd")
    return bytes(stream.getvalue())


def csv(table: pa.Table) -> bytes:
    columns = [_flat(column) for column in table.columns]
    stream = pa.BufferOutputStream()
    arrow_csv.write_csv(pa.table(columns, names=table.column_names), stream)
    return bytes(stream.getvalue())


def jsonl(table: pa.Table) -> bytes:
    """One object per row; numbers as short as they can be and still be the same float32 or float64."""
    pieces: list[str | pa.ChunkedArray] = []
    for field, column in zip(table.schema, table.columns, strict=True):
        pieces += [
            ("{" if not pieces else ",") + json.dumps(field.name, ensure_ascii=False) + ":",
            _json(field, column),
        ]
    if not table.num_rows:
        return b""
    lines = pc.binary_join_element_wise(*pieces, "}\n", "")
    return "".join(lines.to_pylist()).encode()


FORMATS: Mapping[Format, Callable[[pa.Table], bytes]] = {"parquet": parquet, "csv": csv, "jsonl": jsonl}


def _flat(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """`column` as CSV can hold it: what is no single text or number becomes JSON."""
    return _dumped(column) if pa.types.is_nested(column.type) or pa.types.is_binary(column.type) else column


def _json(field: pa.Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = field.type
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        texts = column.cast(pa.string())
    elif pa.types.is_floating(kind):
        texts = pc.if_else(pc.is_finite(column), column.cast(pa.string()), None)
    elif field.metadata == JSON_TEXT:
        texts = column
    elif pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
        texts = _dumped(column.cast(pa.string()))  # Python's own types end at microseconds
    else:
        texts = _dumped(column)
    return pc.fill_null(texts, "null")


def _dumped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    values = column.to_pylist()
    texts = [None if value is None else orjson.dumps(value, default=_text).decode() for value in values]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
