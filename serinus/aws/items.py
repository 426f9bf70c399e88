"""What is kept, as items of a DynamoDB table: plain fields as they are, so that people can read them, others as JSON.

As JSON, because a number of DynamoDB cannot hold every float.
"""

import json
from typing import TypeVar

from pydantic import JsonValue, ValidationError

from serinus.errors import RegistryError
from serinus.registry.record import Kept, misread

Item = dict[str, dict[str, str]]
NESTED = ("files", "metadata")
AnyKept = TypeVar("AnyKept", bound=Kept)


def item(registry: str, entry: str, thing: Kept) -> Item:
    fields = {name: _attribute(value) for name, value in thing.model_dump(mode="json").items() if value is not None}
    return {"registry": {"S": registry}, "entry": {"S": entry}, **fields}


def kept(kind: type[AnyKept], row: Item) -> AnyKept:
    """RegistryError when the item is not what this Serinus wrote."""
    fields = {name: _value(name, attribute) for name, attribute in row.items() if name not in ("registry", "entry")}
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        where = f"{row['registry']['S']} {row['entry']['S']}"
        raise RegistryError(f"item {where} {misread(error)}") from error


def _attribute(value: JsonValue) -> dict[str, str]:
    if isinstance(value, str):
        return {"S": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": json.dumps(value)}


def _value(name: str, attribute: dict[str, str]) -> JsonValue:
    if "N" in attribute:
        return int(attribute["N"])
    value: JsonValue = json.loads(attribute["S"]) if name in NESTED else attribute["S"]
    return value
