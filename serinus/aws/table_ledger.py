"""The ledger of a registry in one DynamoDB table.

    registry                entry                what
    <bucket/prefix>         <name>               a model: its revision, its stable version
    <bucket/prefix>#<name>  version#1.0.0        a record
    <bucket/prefix>#<name>  deployment#000001    an entry of deployment_history
    <bucket/prefix>#<name>  audit#000001         an entry of the audit log, never written over

A change is one transaction on condition that the model's revision is the one that was decided on: of two people who
register the same version exactly one is heard. Every read that decides anything is a consistent one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from serinus.aws.failures import code_of, told
from serinus.aws.items import Item, item, kept
from serinus.errors import RegistryError
from serinus.registry.record import AuditEntry, Change, Deployment, Model, Record
from serinus.registry.shelf import Conflict

OVERTAKEN = {"ConditionalCheckFailed", "TransactionConflict"}
IS_NEW = "attribute_not_exists(#entry)"


@dataclass(frozen=True)
class TableLedger:
    """client: boto3's of DynamoDB, which has no types. scope: which registry of those that share the table."""

    client: Any
    table: str
    scope: str

    def names(self) -> Sequence[str]:
        return sorted(row["entry"]["S"] for row in self._rows(self.scope, ""))

    def model(self, name: str) -> Model:
        """The revision is read first: what is read after it may be newer, and then nothing can be committed on it."""
        with told(f"read table {self.table}"):
            key = {"registry": {"S": self.scope}, "entry": {"S": name}}
            head = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        if head is None:
            return Model(name)
        records = [kept(Record, row) for row in self._rows(self._partition(name), "version#")]
        deployments = [kept(Deployment, row) for row in self._rows(self._partition(name), "deployment#")]
        return Model(
            name,
            revision=int(head["revision"]["N"]),
            records={record.version: record for record in records},
            deployments=tuple(deployments),
            stable=head["stable"]["S"] if "stable" in head else None,
        )

    def audit(self, name: str) -> Sequence[AuditEntry]:
        entries = [kept(AuditEntry, row) for row in self._rows(self._partition(name), "audit#")]
        for expected, entry in enumerate(entries, start=1):
            if entry.revision != expected:
                raise RegistryError(f"the audit log of {name} was altered: entry {expected} is missing")
        return entries

    def commit(self, change: Change) -> None:
        with told(f"write table {self.table}"):
            try:
                self.client.transact_write_items(TransactItems=list(self._writes(change)))
            except ClientError as error:
                reasons = {reason["Code"] for reason in error.response.get("CancellationReasons", ())}
                if code_of(error) == "TransactionCanceledException" and reasons & OVERTAKEN:
                    raise Conflict(f"{change.model_name} was changed by somebody else") from error
                raise

    def _writes(self, change: Change) -> Iterator[dict[str, object]]:
        partition = self._partition(change.model_name)
        yield self._head(change)
        yield self._put(item(partition, f"audit#{change.entry.revision:06d}", change.entry), ConditionExpression=IS_NEW)
        for record in change.records:
            yield self._put(item(partition, f"version#{record.version}", record))
        for deployment in change.deployments:
            yield self._put(item(partition, f"deployment#{deployment.number:06d}", deployment))

    def _head(self, change: Change) -> dict[str, object]:
        revision = change.entry.revision
        head: Item = {
            "registry": {"S": self.scope},
            "entry": {"S": change.model_name},
            "revision": {"N": str(revision)},
            **({"stable": {"S": change.stable}} if change.stable else {}),
        }
        if revision == 1:
            return self._put(head, ConditionExpression=IS_NEW)
        return {
            "Put": {
                "TableName": self.table,
                "Item": head,
                "ConditionExpression": "#revision = :before",
                "ExpressionAttributeNames": {"#revision": "revision"},
                "ExpressionAttributeValues": {":before": {"N": str(revision - 1)}},
            }
        }

    def _put(self, row: Item, **condition: str) -> dict[str, object]:
        names = {"ExpressionAttributeNames": {"#entry": "entry"}} if condition else {}
        return {"Put": {"TableName": self.table, "Item": row, **condition, **names}}

    def _rows(self, partition: str, start: str) -> Iterator[Item]:
        """The items of a partition whose entry starts so, in order; page after page."""
        begins = " AND begins_with(#entry, :start)" if start else ""
        names = {"#registry": "registry"} | ({"#entry": "entry"} if start else {})
        values = {":registry": {"S": partition}} | ({":start": {"S": start}} if start else {})
        with told(f"read table {self.table}"):
            for page in self.client.get_paginator("query").paginate(
                TableName=self.table,
                KeyConditionExpression="#registry = :registry" + begins,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                ConsistentRead=True,
            ):
                yield from page["Items"]

    def _partition(self, name: str) -> str:
        return f"{self.scope}#{name}"
