"""A record as JSON Schema: the fields of this very service, their types, units, ranges and words."""

from typing import Any

from serinus.fields import GivenField
from serinus.service import Service

Json = dict[str, Any]
TYPES: dict[str, Json] = {
    "float": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "string": {"type": "string"},
    "date": {"type": "string", "format": "date"},
}
ORIGINS = ["request", "store", "stale", "default", "missing", "derived"]


def record_schema(service: Service) -> Json:
    """What a caller may say of one thing."""
    said = [field for field in service.input.given if field.source != "store"]
    return {
        "type": "object",
        "properties": {field.name: field_schema(field) for field in said},
        "required": [field.name for field in said if _is_required(field)],
        "additionalProperties": False,
    }


def field_schema(field: GivenField) -> Json:
    can_miss = field.optional or field.default is not None or field.source == "either"
    schema = {**TYPES[field.type], **_bounds(field), **_words(field, can_miss=can_miss)}
    if can_miss:
        schema["type"] = [schema["type"], "null"]
    if field.unit:
        schema["x-unit"] = field.unit
    schema["x-source"] = field.source
    schema["description"] = _description(field)
    if field.default is not None:
        schema["default"] = field.default
    if field.example is not None:
        schema["examples"] = [field.example]
    return schema


def repeated(service: Service) -> Json:
    """What answers repeat of a record: the entity, what was used, and where that comes from."""
    given = {field.name: field for field in service.input.given}
    used = {name: _used(given.get(name)) for name in service.input.names}
    sources = {name: {"type": "string", "enum": ORIGINS} for name in used}
    entity = given.get(service.features.entity) if service.features else None
    return {
        **({entity.name: field_schema(entity)} if entity else {}),
        "features_used": {"type": "object", "properties": used, "description": "the value of each feature"},
        "feature_sources": {"type": "object", "properties": sources, "description": "where each value comes from"},
    }


def _is_required(field: GivenField) -> bool:
    return field.source == "request" and not field.optional and field.default is None


def _bounds(field: GivenField) -> Json:
    if field.type not in ("float", "integer"):
        return {}
    bounds = {"minimum": field.minimum, "maximum": field.maximum}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _words(field: GivenField, *, can_miss: bool) -> Json:
    if field.values and field.others == "reject":
        return {"enum": [*field.values, *([None] if can_miss else [])]}
    return {"maxLength": field.max_length, "examples": list(field.values)} if field.type == "string" else {}


def _description(field: GivenField) -> str:
    whence = {"request": "", "store": " Kept in the feature store.", "either": " Looked up where it is not said."}
    told = f"{field.description.rstrip('.')}: " if field.description else ""
    return f"{told}{field.expected}.{whence[field.source]}"


def _used(field: GivenField | None) -> Json:
    if field is None:
        return {"type": ["number", "null"]}
    return {"type": [TYPES[field.type]["type"], "null"], **({"x-unit": field.unit} if field.unit else {})}
