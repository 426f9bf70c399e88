"""What is special of DynamoDB: throttling, other services' items, tables that are not there."""

from dataclasses import dataclass, field

import boto3
import pytest

from serinus.aws.table_features import TableFeatures, create, table_features
from serinus.errors import StoreDown
from serinus.features.packing import pack
from serinus.features.store import Stored, Unreadable
from tests.features.labs import aws_line

PLOT = Stored({"altitude": 1252}, 1.0)


@pytest.fixture
def aws(monkeypatch):
    with aws_line(monkeypatch) as line:
        yield line


def opened(service="plots", table="features"):
    return table_features(table, service=service, timeout_s=5, pause=lambda seconds: None)


def test_services_share_a_table_without_seeing_each_other(aws):
    assert create("features")
    assert not create("features")
    opened("plots").put({"1": PLOT})
    assert opened("patients").get(["1"]) == {}
    assert list(opened("patients").entities()) == []


def test_an_item_of_another_kind_is_unreadable(aws):
    create("features")
    boto3.client("dynamodb").put_item(TableName="features", Item={"entity": {"S": "plots:1"}, "altitude": {"N": "7"}})
    assert opened().get(["1"]) == {"1": Unreadable("its item has no packed features")}


def test_a_table_that_is_not_there_is_named(aws):
    with pytest.raises(StoreDown, match="cannot reach DynamoDB table elsewhere: ResourceNotFoundException"):
        opened(table="elsewhere").ping()


def test_a_bad_name_of_a_table_does_not_get_to_aws(aws):
    with pytest.raises(StoreDown, match="ParamValidationError"):
        opened(table="").ping()


def test_one_answer_is_one_attempt(aws):
    create("features")
    store = opened()
    store.ping()
    before = aws.connections
    aws.cut()
    with pytest.raises(StoreDown):
        store.get(["1"])
    assert aws.connections == before + 1


@dataclass
class Throttled:
    """A table that gives and takes one item at a time, as a throttled one may."""

    rows: dict[str, dict]
    calls: int = 0
    stuck: bool = False
    written: list[str] = field(default_factory=list)

    def batch_get_item(self, RequestItems):
        self.calls += 1
        [(table, wanted)] = RequestItems.items()
        first, rest = wanted["Keys"][0], wanted["Keys"][1:]
        if self.stuck:
            return {"Responses": {}, "UnprocessedKeys": RequestItems}
        row = self.rows.get(first["entity"]["S"])
        left = {table: {"Keys": rest}} if rest else {}
        return {"Responses": {table: [row] if row else []}, "UnprocessedKeys": left}

    def batch_write_item(self, RequestItems):
        [(table, wanted)] = RequestItems.items()
        if not self.stuck:
            self.written.append(wanted[0]["PutRequest"]["Item"]["entity"]["S"])
            wanted = wanted[1:]
        return {"UnprocessedItems": {table: wanted} if wanted else {}}


def test_what_was_throttled_is_asked_for_again_after_longer_and_longer_pauses():
    pauses = []
    rows = {f"plots:{i}": {"entity": {"S": f"plots:{i}"}, "features": {"B": pack(PLOT)}} for i in range(3)}
    store = TableFeatures(Throttled(rows), "features", "plots:", pauses.append)
    assert store.get(["0", "1", "2"]) == {str(i): PLOT for i in range(3)}
    store.put({"7": PLOT, "8": PLOT})
    assert store.client.written == ["plots:7", "plots:8"]
    assert pauses == [0.05, 0.1, 0.05]


def test_what_stays_throttled_is_an_outage():
    pauses = []
    store = TableFeatures(Throttled({}, stuck=True), "features", "plots:", pauses.append)
    with pytest.raises(StoreDown, match="throttled"):
        store.get(["1"])
    with pytest.raises(StoreDown, match="throttled"):
        store.put({"1": PLOT})
    assert len(pauses) == 10
