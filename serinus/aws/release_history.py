"""The history of a service's releases in a DynamoDB table.

service    entry           what
<service>  shift#000001    a serinus.release.history.Entry: plain fields as they are, others as JSON
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError
from pydantic import JsonValue, ValidationError

from serinus.aws.failures import code_of, told
from serinus.errors import ReleaseError
from serinus.registry.record import misread
from serinus.release.history import Entry

SHIFT = "shift#"
NESTED = ("before", "after", "models")
IS_NEW = "attribute_not_exists(#entry)"
Item = dict[str, dict[str, str]]


@dataclass(frozen=True)
class TableHistory:
    """client: boto3's of DynamoDB, which has no types."""

    client: Any
    table: str
    service: str

    def entries(self) -> list[Entry]:
        """The oldest first."""
        with told(f"read table {self.table}", ReleaseError):
            pages = self.client.get_paginator("query").paginate(
                TableName=self.table,
                KeyConditionExpression="#service = :service AND begins_with(#entry, :shift)",
                ExpressionAttributeNames={"#service": "service", "#entry": "entry"},
                ExpressionAttributeValues={":service": {"S": self.service}, ":shift": {"S": SHIFT}},
                ConsistentRead=True,
            )
            return [_entry(item) for page in pages for item in page["Items"]]

    def add(self, entry: Entry) -> None:
        names = {"#entry": "entry"}
        with told(f"write table {self.table}", ReleaseError):
            try:
                self._put(entry, ConditionExpression=IS_NEW, ExpressionAttributeNames=names)
            except ClientError as error:
                if code_of(error) == "ConditionalCheckFailedException":
                    number = entry.number
                    raise ReleaseError(
                        f"somebody else releases {self.service} now: entry {number} is theirs"
                    ) from error
                raise

    def complete(self, entry: Entry) -> None:
        with told(f"write table {self.table}", ReleaseError):
            self._put(entry)

    def _put(self, entry: Entry, **condition: Any) -> None:
        key = {"service": {"S": self.service}, "entry": {"S": f"{SHIFT}{entry.number:06d}"}}
        self.client.put_item(TableName=self.table, Item={**key, **_item(entry)}, **condition)


def table_history(table: str, service: str) -> TableHistory:
    with told("reach dynamodb", ReleaseError):
        return TableHistory(boto3.client("dynamodb"), table, service)


def _item(entry: Entry) -> Item:
    fields = entry.model_dump(mode="json").items()
    return {name: _attribute(value) for name, value in fields if value is not None}


def _entry(item: Mapping[str, Mapping[str, str]]) -> Entry:
    fields = {name: _value(name, attribute) for name, attribute in item.items() if name not in ("service", "entry")}
    try:
        return Entry.model_validate(fields)
    except ValidationError as error:
        raise ReleaseError(f"item {item['service']['S']} {item['entry']['S']} {misread(error)}") from error


def _attribute(value: JsonValue) -> dict[str, str]:
    if isinstance(value, str):
        return {"S": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": json.dumps(value)}


def _value(name: str, attribute: Mapping[str, str]) -> JsonValue:
    if "N" in attribute:
        return int(attribute["N"])
    value: JsonValue = json.loads(attribute["S"]) if name in NESTED else attribute["S"]
    return value
