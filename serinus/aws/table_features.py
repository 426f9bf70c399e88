"""Features in a DynamoDB table: one item per entity, packed.

    entity               features
    <service>:<entity>   what serinus.features.packing makes of them, as binary

Reads are eventually consistent, at half the price of consistent ones: memory stands in front of them for minutes
anyway, and DynamoDB is behind for less than a second.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from serinus.aws.failures import code_of, told
from serinus.errors import StoreDown
from serinus.features.chunks import in_chunks
from serinus.features.packing import pack, unpack
from serinus.features.store import Stored, Unreadable

MOST_READ, MOST_WRITTEN = 100, 25
ROUNDS = 5
FIRST_PAUSE_S = 0.05
CONNECTIONS = 64
Row = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class TableFeatures:
    """client: boto3's of DynamoDB, which has no types. pause: waits before what was throttled is asked for again."""

    client: Any
    table: str
    prefix: str
    pause: Callable[[float], None]

    def get(self, entities: Sequence[str]) -> Mapping[str, Stored | Unreadable]:
        rows = (row for some in in_chunks(dict.fromkeys(entities), MOST_READ) for row in self._rows(some))
        with _told("read", self.table):
            return {self._entity(row): _features(row) for row in rows}

    def put(self, records: Mapping[str, Stored]) -> None:
        with _told("write", self.table):
            for some in in_chunks(records.items(), MOST_WRITTEN):
                self._write([{"PutRequest": {"Item": self._row(*record)}} for record in some])

    def entities(self) -> Iterator[str]:
        with _told("read", self.table):
            for page in self.client.get_paginator("scan").paginate(
                TableName=self.table,
                ProjectionExpression="entity",
                FilterExpression="begins_with(entity, :prefix)",
                ExpressionAttributeValues={":prefix": {"S": self.prefix}},
            ):
                yield from map(self._entity, page["Items"])

    def ping(self) -> None:
        """Reads, as reading is all it needs the right to; the connection is open afterwards."""
        with _told("reach", self.table):
            self.client.get_item(TableName=self.table, Key={"entity": {"S": self.prefix}})

    def _rows(self, entities: Sequence[str]) -> Iterator[Row]:
        """As many rounds as it takes to be given all of them, up to a limit."""
        wanted = {self.table: {"Keys": [{"entity": {"S": self.prefix + entity}} for entity in entities]}}
        for rounds in range(ROUNDS):
            answer = self.client.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(self.table, ())
            wanted = answer.get("UnprocessedKeys")
            if not wanted:
                return
            self.pause(FIRST_PAUSE_S * 2.0**rounds)
        raise StoreDown(f"DynamoDB table {self.table} is throttled")

    def _write(self, requests: list[dict[str, Any]]) -> None:
        wanted = {self.table: requests}
        for rounds in range(ROUNDS):
            wanted = self.client.batch_write_item(RequestItems=wanted).get("UnprocessedItems")
            if not wanted:
                return
            self.pause(FIRST_PAUSE_S * 2.0**rounds)
        raise StoreDown(f"DynamoDB table {self.table} is throttled")

    def _row(self, entity: str, stored: Stored) -> Row:
        return {"entity": {"S": self.prefix + entity}, "features": {"B": pack(stored)}}

    def _entity(self, row: Row) -> str:
        return str(row["entity"]["S"]).removeprefix(self.prefix)


def table_features(table: str, *, service: str, timeout_s: float, pause: Callable[[float], None]) -> TableFeatures:
    """timeout_s: for each answer, and for connecting. What fails is not tried again here."""
    config = Config(
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
    )
    with _told("reach", table):
        return TableFeatures(boto3.client("dynamodb", config=config), table, f"{service}:", pause)


def create(table: str) -> bool:
    """Make the table of features unless it is there; says whether it did."""
    client = boto3.client("dynamodb")
    with told(f"make table {table}"):
        try:
            client.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "entity", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "entity", "KeyType": "HASH"}],
            )
        except ClientError as error:
            if code_of(error) == "ResourceInUseException":
                return False
            raise
        client.get_waiter("table_exists").wait(TableName=table)
    return True


def _features(row: Row) -> Stored | Unreadable:
    blob = row.get("features", {}).get("B")
    return Unreadable("its item has no packed features") if blob is None else unpack(blob)


@contextmanager
def _told(doing: str, table: str) -> Iterator[None]:
    """What AWS and botocore say may quote a key, which may be a patient's: of that just the code is told."""
    try:
        yield
    except ClientError as error:
        raise StoreDown(f"cannot {doing} DynamoDB table {table}: {code_of(error)}") from None
    except BotoCoreError as error:
        raise StoreDown(f"cannot {doing} DynamoDB table {table}: {type(error).__name__}") from None
