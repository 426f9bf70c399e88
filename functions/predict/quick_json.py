"""Rows out of raw JSON without ever making a Python list of floats: simdjson hands over the numbers as a buffer.

It takes only what is beyond doubt, lists of numbers; `functions.predict.careful_json` takes the rest. simdjson's
buffer flattens nested lists without a word: the caller looks for a second `[`.
"""

from typing import Any

import numpy as np
import simdjson
from numpy.typing import NDArray

from functions.predict.options import MEMBERS, Kind
from serinus.rows import Layout
from serinus.schema import OVERFLOWS, Rows, refused

NUMBERS = {int, float, type(None)}
NESTED = (simdjson.Array, simdjson.Object)


def members(body: bytes, kind: Kind) -> dict[str, Any] | None:
    """The members of the object in `body`, `kind` among them; None when in any doubt."""
    try:
        document = simdjson.Parser().parse(body)
    except (ValueError, RuntimeError):
        return None
    if not isinstance(document, simdjson.Object):
        return None
    names = list(document.keys())
    if not MEMBERS.issuperset(names):
        return None
    members = {name: document[name] for name in names}  # items() would make Python lists
    nested = [name for name, value in members.items() if isinstance(value, NESTED)]
    sure = nested == [kind] and isinstance(members[kind], simdjson.Array) and len(members) == len(names)
    return members if sure else None


def row(numbers: object, layout: Layout) -> Rows | None:
    """`numbers` as float32 [1, F], if they are that many good ones; the caller rules out nested lists and words."""
    if not isinstance(numbers, simdjson.Array) or len(numbers) != layout.features:
        return None
    values = _values(numbers)
    return None if values is None or len(values) != layout.features else _checked(values, layout)


def _values(numbers: simdjson.Array) -> NDArray[np.float64] | None:
    try:
        return np.frombuffer(numbers.as_buffer(of_type="d"))
    except TypeError:  # something that is no number: a null may be a missing value
        values = numbers.as_list()
        return np.array(values, np.float64) if set(map(type, values)) <= NUMBERS else None


def _checked(values: NDArray[np.float64], layout: Layout) -> Rows | None:
    if np.maximum.reduce(values) < OVERFLOWS and np.minimum.reduce(values) > -OVERFLOWS:  # so none is NaN either
        return values.astype(np.float32)[None]
    with np.errstate(over="ignore"):
        rows = values.astype(np.float32)[None]
    return None if refused(rows, layout.nan_policy)[0] else rows
