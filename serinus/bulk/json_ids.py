"""Id columns of JSON lines: JSON has no column types, so the first rows of a file say what a column holds."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

JSON_TEXT = {b"serinus": b"json"}  # marks a text column that holds JSON: it goes into JSON lines as it is
INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class IdKind:
    """What the values of an id column are. convert: the value to keep; TypeError when it is of another kind."""

    expected: str
    field: pa.Field
    convert: Callable[[Any], object]


def kind_of(values: Sequence[object]) -> IdKind:
    """The narrowest kind that all `values`, none of them None, are of."""
    return next(kind for kind in KINDS if all(_fits(kind, value) for value in values))


def members(line: bytes, ids: Iterable[str]) -> object:
    """`line` as JSON; integers of more than 64 bits among the `ids`, which orjson makes floats of, are kept."""
    row = orjson.loads(line)
    if isinstance(row, dict) and any(_may_be_huge(row.get(name)) for name in ids):
        return json.loads(line)
    return row


def _fits(kind: IdKind, value: object) -> bool:
    try:
        kind.convert(value)
    except TypeError:
        return False
    return True


def _may_be_huge(value: object) -> bool:
    return type(value) is float and abs(value) >= INT64.stop


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    raise TypeError


def _integer(value: Any) -> int:
    if type(value) is int and value in INT64:
        return value
    raise TypeError


def _number(value: Any) -> float:
    if type(value) is float or (type(value) is int and abs(value) <= 2**53):
        return float(value)
    raise TypeError


def _truth(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise TypeError


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


KINDS = (
    IdKind("text", pa.field("", pa.string()), _text),
    IdKind("a 64-bit integer", pa.field("", pa.int64()), _integer),
    IdKind("a number", pa.field("", pa.float64()), _number),
    IdKind("true or false", pa.field("", pa.bool_()), _truth),
    IdKind("JSON", pa.field("", pa.string(), metadata=JSON_TEXT), _json),
)
