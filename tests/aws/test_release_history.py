"""The history of releases in a DynamoDB table, as moto plays it."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from serinus.aws.release_history import TableHistory, table_history
from serinus.errors import ReleaseError
from serinus.release.history import Entry, plan
from serinus.release.routing import Decision, Pointed, Routing, Shift
from tests.releases import ADA

TABLE = "history-of-tests"
ONE, TENTH = Routing("1"), Routing("1", "2", 0.1)


def make_table(name: str) -> None:
    keys = {"service": "HASH", "entry": "RANGE"}
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
    )


@pytest.fixture
def history() -> Iterator[TableHistory]:
    with mock_aws():
        make_table(TABLE)
        yield table_history(TABLE, "tiny")


def entry(past: list[Entry], notes: str = "") -> Entry:
    decision = Decision(Pointed(ONE, "r0"), Shift("promote", ONE, TENTH), {"linear": "1.0.0"})
    return plan(past, decision, ADA).model_copy(update={"notes": notes})


def test_a_history_begins_empty(history):
    assert history.entries() == []


def test_an_entry_is_read_as_it_was_written(history):
    planned = entry([])
    history.add(planned)
    assert history.entries() == [planned]
    history.complete(planned.done("r1"))
    assert history.entries() == [planned.done("r1")]
    history.complete(planned.refused("somebody else moved it"))
    assert history.entries() == [planned.refused("somebody else moved it")]


def test_an_item_is_readable_by_people(history):
    history.add(entry([], notes="two points of F1 better"))
    [item] = boto3.client("dynamodb").scan(TableName=TABLE)["Items"]
    assert (item["service"]["S"], item["entry"]["S"], item["number"]["N"]) == ("tiny", "shift#000001", "1")
    assert (item["by"]["S"], item["action"]["S"], item["state"]["S"]) == ("ada", "promote", "planned")
    assert item["notes"]["S"] == "two points of F1 better"
    assert json.loads(item["after"]["S"]) == {"version": "1", "candidate": "2", "weight": 0.1}


def test_of_two_entries_of_one_number_one_is_kept(history):
    history.add(entry([], notes="first"))
    with pytest.raises(ReleaseError, match="somebody else releases tiny now: entry 1 is theirs"):
        history.add(entry([], notes="second"))
    assert [kept.notes for kept in history.entries()] == ["first"]


def test_entries_come_in_order_page_by_page(history):
    """More than the megabyte that one answer of DynamoDB holds."""
    past: list[Entry] = []
    for _ in range(12):
        past.append(entry(past, notes="x" * 100_000))
        history.add(past[-1])
    assert [kept.number for kept in history.entries()] == list(range(1, 13))


def test_other_services_in_the_same_table_are_not_seen(history):
    other = table_history(TABLE, "tin")
    other.add(entry([]))
    assert history.entries() == []


def test_an_altered_item_is_named(history):
    history.add(entry([]))
    client = boto3.client("dynamodb")
    [item] = client.scan(TableName=TABLE)["Items"]
    client.put_item(TableName=TABLE, Item={**item, "action": {"S": "roll forward"}})
    with pytest.raises(ReleaseError, match=r"item tiny shift#000001 was altered, .*action"):
        history.entries()


def test_a_table_that_is_not_there_is_told():
    with mock_aws():
        gone = table_history("gone", "tiny")
        with pytest.raises(ReleaseError, match=r"cannot read table gone: .*ResourceNotFoundException"):
            gone.entries()
        with pytest.raises(ReleaseError, match=r"cannot write table gone: .*ResourceNotFoundException"):
            gone.add(entry([]))
