"""The features of one entity as one blob of JSON: {"at": 1763690000.0, "values": {"precip_total": 450.2}}."""

import math
from collections.abc import Mapping

import orjson

from serinus.features.store import Stored, Unreadable, Value

SCALARS = (float, int, bool, str, type(None))


def pack(stored: Stored) -> bytes:
    """ValueError when a number is infinite, which JSON can only hold as a missing value; NaN is one."""
    if endless := [name for name, value in stored.values.items() if isinstance(value, float) and math.isinf(value)]:
        raise ValueError(f"{', '.join(endless)}: expected a finite number")
    return orjson.dumps({"at": stored.at, "values": dict(stored.values)})


def unpack(blob: bytes) -> Stored | Unreadable:
    try:
        kept = orjson.loads(blob)
    except orjson.JSONDecodeError:
        return Unreadable("it is not JSON")  # what stands there is not told: it may be a patient's
    if not isinstance(kept, dict) or set(kept) != {"at", "values"}:
        return Unreadable('it is not an object of "at" and "values"')
    at, values = kept["at"], kept["values"]
    if type(at) not in (int, float):
        return Unreadable('"at" is not a number')
    return Stored(values, float(at)) if _are_values(values) else Unreadable('"values" does not map names to values')


def _are_values(values: object) -> bool:
    return isinstance(values, dict) and all(isinstance(value, SCALARS) for value in values.values())


def without_nan(values: Mapping[str, Value]) -> dict[str, Value]:
    """NaN is what tables hold where a value is missing."""
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}
