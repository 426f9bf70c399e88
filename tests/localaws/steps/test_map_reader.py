"""Developer Guide of Step Functions, "ItemReader (Map)"."""

import json

import pytest
from moto.s3.models import s3_backends

from tests.localaws.steps.machines import PASS, distributed, run


@pytest.fixture
def bucket(aws):
    aws("s3").create_bucket(Bucket="items")
    return aws("s3")


def reader(action, *, input_type=None, max_items=None, **parameters):
    config = {"InputType": input_type, "MaxItems": max_items}
    config = {name: value for name, value in config.items() if value is not None}
    fields = {"Resource": f"arn:aws:states:::s3:{action}", "Parameters": {"Bucket": "items", **parameters}}
    return distributed(PASS, ItemReader={**fields, **({"ReaderConfig": config} if config else {})})


def test_each_line_of_a_jsonl_file_is_an_item(aws, bucket):
    bucket.put_object(Bucket="items", Key="plan.jsonl", Body='{"shard": 0}\n{"shard": 1}\n\n{"shard": 2}\n')
    ended = run(aws, reader("getObject", input_type="JSONL", Key="plan.jsonl"))
    assert json.loads(ended["output"]) == [{"shard": 0}, {"shard": 1}, {"shard": 2}]


def test_max_items_cuts_a_jsonl_file(aws, bucket):
    bucket.put_object(Bucket="items", Key="plan.jsonl", Body="1\n2\n3\n")
    ended = run(aws, reader("getObject", input_type="JSONL", max_items=2, Key="plan.jsonl"))
    assert json.loads(ended["output"]) == [1, 2]


@pytest.mark.parametrize(
    ("input_type", "body", "wanted"),
    [("JSON", "[1, 2]", [1, 2]), ("CSV", "a,b\n1,2\n", [{"a": "1", "b": "2"}])],
    ids=["json", "csv"],
)
def test_json_and_csv_files_read_as_before(aws, bucket, input_type, body, wanted):
    bucket.put_object(Bucket="items", Key="plan", Body=body)
    machine = reader("getObject", input_type=input_type, Key="plan")
    if input_type == "CSV":
        machine["States"]["Map"]["ItemReader"]["ReaderConfig"]["CSVHeaderLocation"] = "FIRST_ROW"
    assert json.loads(run(aws, machine)["output"]) == wanted


def test_a_listing_has_more_than_one_page(aws, bucket):
    for number in range(1001):
        s3_backends["123456789012"]["aws"].put_object("items", f"rows/{number:04d}", b"")
    ended = run(aws, reader("listObjectsV2", Prefix="rows/"))
    assert ended["status"] == "SUCCEEDED", ended
    listed = json.loads(ended["output"])
    assert [each["Key"] for each in listed] == [f"rows/{number:04d}" for number in range(1001)]
    assert set(listed[0]) == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
    assert isinstance(listed[0]["LastModified"], int)


def test_an_empty_prefix_lists_no_items(aws, bucket):
    assert json.loads(run(aws, reader("listObjectsV2", Prefix="none/"))["output"]) == []


@pytest.mark.parametrize(
    ("key", "body"), [("plan.jsonl", "{]"), ("other.jsonl", "")], ids=["no json", "no such object"]
)
def test_items_that_cannot_be_read_fail_the_map(aws, bucket, key, body):
    bucket.put_object(Bucket="items", Key=key, Body=body)
    ended = run(aws, reader("getObject", input_type="JSONL", Key="plan.jsonl"))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ItemReaderFailed")


def test_moto_still_refuses_jsonl(plain_moto):
    assert plain_moto["jsonl"], "moto no longer needs localaws/map_reader: drop it"
