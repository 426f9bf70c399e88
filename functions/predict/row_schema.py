"""A row as JSON Schema: the numbers and words of this very service, by place and, where they have names, by name."""

import math
from typing import Any

from serinus.category import Category
from serinus.rows import Layout
from serinus.schema import Rows

Json = dict[str, Any]


def row_schema(layout: Layout) -> Json:
    """What a caller may put where a row belongs."""
    values = [_value(layout, place) for place in range(layout.features)]
    if not (layout.names or layout.categories):
        return _list(layout.features, {"items": values[0]})
    titles = layout.names or tuple(f"feature {place}" for place in range(layout.features))
    titled = [{"title": title, **value} for title, value in zip(titles, values, strict=True)]
    by_place = _list(layout.features, {"prefixItems": titled})
    if not layout.names:
        return by_place
    properties = dict(zip(layout.names, values, strict=True))
    by_name = {
        "type": "object",
        "properties": properties,
        "required": list(layout.names),
        "additionalProperties": False,
    }
    return {"oneOf": [by_name, by_place]}


def written(row: Rows, layout: Layout) -> list[float | str | None] | dict[str, float | str | None]:
    """Row 0 of `row`, float32 [1, F] of numbers and known words, as a caller would write it."""
    values: list[float | str | None] = [None if math.isnan(value) else value for value in row[0].tolist()]
    for place, category in layout.categories.items():
        value = values[place]
        values[place] = None if value is None else category.words[int(value)]
    return dict(zip(layout.names, values, strict=True)) if layout.names else values


def _list(features: int, values: Json) -> Json:
    return {"type": "array", **values, "minItems": features, "maxItems": features}


def _value(layout: Layout, place: int) -> Json:
    kind, missing = ("string" if place in layout.categories else "number"), layout.nan_policy == "allow"
    value: Json = {"type": [kind, "null"], "description": "null where missing"} if missing else {"type": kind}
    return value | (_words(layout.categories[place], missing=missing) if kind == "string" else {})


def _words(category: Category, *, missing: bool) -> Json:
    if category.others == "unknown":
        return {"examples": list(category.words), "description": "any other word is taken as an unknown one"}
    return {"enum": [*category.words, *([None] if missing else [])]}
