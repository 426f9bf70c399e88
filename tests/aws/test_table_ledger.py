"""The ledger in DynamoDB: what is where in the table, and what may not be written over."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from serinus.aws.registry import bucket_shelf
from serinus.cli import app
from serinus.errors import RegistryError
from serinus.registry.record import AuditEntry, Change, Model, Record
from serinus.registry.register import register
from serinus.registry.rules import Deploy, promoted
from serinus.registry.shelf import Conflict, Shelf
from tests.shelves import BUCKET, TABLE, URL, BucketPlace, made, signature

PARTITION = f"{BUCKET}/team#linear"


@pytest.fixture
def record(shelf: Shelf, tmp_path: Path) -> Record:
    return register(shelf, made(tmp_path), signature()).record


def rows() -> dict[tuple[str, str], dict[str, Any]]:
    found = boto3.client("dynamodb").scan(TableName=TABLE)["Items"]
    return {(row["registry"]["S"], row["entry"]["S"]): row for row in found}


def test_people_can_read_the_table(shelf: Shelf, record: Record) -> None:
    model = shelf.ledger.model("linear")
    change = promoted(model, Deploy("1.0.0", "production"), signature("grace", "at last", minutes=1))
    assert change is not None
    shelf.ledger.commit(change)
    table = rows()
    assert set(table) == {
        (f"{BUCKET}/team", "linear"),
        (PARTITION, "version#1.0.0"),
        (PARTITION, "deployment#000001"),
        (PARTITION, "audit#000001"),
        (PARTITION, "audit#000002"),
    }
    version, deployment = table[PARTITION, "version#1.0.0"], table[PARTITION, "deployment#000001"]
    assert version["digest"]["S"] == record.digest
    assert version["status"]["S"] == "active"
    assert version["created_at"]["S"] == "2026-11-21T12:00:00Z"
    assert (deployment["environment"]["S"], deployment["deployed_by"]["S"]) == ("production", "grace")
    assert table[f"{BUCKET}/team", "linear"]["revision"]["N"] == "2"
    assert table[f"{BUCKET}/team", "linear"]["stable"]["S"] == "1.0.0"


def test_a_change_that_was_decided_on_the_past_is_a_conflict_and_writes_nothing(shelf: Shelf, record: Record) -> None:
    past = Model("linear", 0)
    stale = Change(model_name="linear", entry=signature().entry(past, "promote", "1.0.0"), stable="1.0.0")
    before = rows()
    with pytest.raises(Conflict):
        shelf.ledger.commit(stale)
    assert rows() == before


def remove(registry: str, entry: str) -> None:
    key = {"registry": {"S": registry}, "entry": {"S": entry}}
    boto3.client("dynamodb").delete_item(TableName=TABLE, Key=key)


def test_an_audit_entry_is_never_written_over(shelf: Shelf, record: Record) -> None:
    """Even when somebody has removed the revision that guards it."""
    remove(f"{BUCKET}/team", "linear")
    forged = signature("mallory").entry(Model("linear", 0), "archive", "1.0.0")
    with pytest.raises(Conflict):
        shelf.ledger.commit(Change(model_name="linear", entry=forged, stable=None))
    assert [entry.by for entry in shelf.ledger.audit("linear")] == ["ada"]


@pytest.mark.parametrize("revision", [1, 2])
def test_a_revision_is_never_written_over(shelf: Shelf, record: Record, tmp_path: Path, revision: int) -> None:
    """Even when somebody has removed the audit entry of the same number."""
    register(shelf, made(tmp_path, "1.1.0", seed=1), signature())
    remove(PARTITION, f"audit#{revision:06d}")
    forged = signature("mallory").entry(Model("linear", revision - 1), "archive", "1.0.0")
    with pytest.raises(Conflict):
        shelf.ledger.commit(Change(model_name="linear", entry=forged, stable=None))
    assert shelf.ledger.model("linear").revision == 2


def test_a_removed_audit_entry_is_missed(shelf: Shelf, record: Record, tmp_path: Path) -> None:
    register(shelf, made(tmp_path, "1.1.0", seed=1), signature())
    remove(PARTITION, "audit#000001")
    with pytest.raises(RegistryError, match="the audit log of linear was altered: entry 1 is missing"):
        shelf.ledger.audit("linear")


def test_an_item_of_another_shape_is_named(shelf: Shelf, record: Record) -> None:
    row = rows()[PARTITION, "version#1.0.0"]
    boto3.client("dynamodb").put_item(TableName=TABLE, Item={**row, "status": {"S": "fine"}})
    with pytest.raises(RegistryError, match=rf"item {PARTITION} version#1\.0\.0 was altered, .*status"):
        shelf.ledger.model("linear")


def test_other_registries_in_the_same_table_are_not_seen(shelf: Shelf, record: Record) -> None:
    other = bucket_shelf(f"s3://{BUCKET}/team/b", TABLE)
    root = bucket_shelf(f"s3://{BUCKET}", TABLE)
    assert list(shelf.ledger.names()) == ["linear"]
    assert list(other.ledger.names()) == list(root.ledger.names()) == []
    assert other.ledger.model("linear").records == {}


def test_many_versions_come_page_by_page(shelf: Shelf, record: Record) -> None:
    """More than the megabyte that one answer of DynamoDB holds."""
    ledger = shelf.ledger
    padding = record.metadata.model_copy(update={"framework": "x" * 100_000})
    for number in range(1, 25):
        version = record.model_copy(update={"version": f"1.0.{number}", "metadata": padding})
        entry = AuditEntry(
            revision=number + 1, at=record.created_at, by="ada", action="register", version=version.version
        )
        ledger.commit(Change(model_name="linear", entry=entry, records=(version,), stable=None))
    assert len(ledger.model("linear").records) == 25
    assert len(ledger.audit("linear")) == 25


def test_a_registry_is_made_once(place: BucketPlace) -> None:
    bucket = "fresh-of-tests"
    region = {"LocationConstraint": "eu-central-1"}
    boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=region)
    at = ["models", "init", "--registry", f"s3://{bucket}/team", "--table", "fresh"]
    first, second = (CliRunner().invoke(app, at, catch_exceptions=False).stdout.splitlines() for _ in range(2))
    assert [line.split()[0] for line in first] == ["bucket", "made"]
    assert second == ["nothing to do"]
    table = boto3.client("dynamodb").describe_table(TableName="fresh")["Table"]
    assert table["DeletionProtectionEnabled"]
    assert boto3.client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


@pytest.mark.parametrize("url", ["s3://", "s3:///team", "https://bucket/team", "s3://bucket/a#b", "s3://Bucket"])
def test_a_url_of_no_registry_is_refused(url: str) -> None:
    with pytest.raises(RegistryError, match="names no registry: expected s3://bucket or s3://bucket/prefix"):
        bucket_shelf(url, TABLE)


def test_a_slash_at_the_end_is_the_same_registry(shelf: Shelf, record: Record) -> None:
    assert list(bucket_shelf(f"{URL}/", TABLE).ledger.names()) == ["linear"]


def test_a_missing_region_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(RegistryError, match="cannot reach dynamodb: You must specify a region"):
        bucket_shelf(URL, TABLE)
