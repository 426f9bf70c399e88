"""Developer Guide of Step Functions, "ResultWriter (Map)"."""

import json

import pytest

from tests.localaws.steps.machines import REFUSE_BAD, distributed, run

WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "results", "Prefix": "jobs/one"}}


@pytest.fixture
def bucket(aws):
    aws("s3").create_bucket(Bucket="results")
    return aws("s3")


def read(bucket, key):
    return json.loads(bucket.get_object(Bucket="results", Key=key)["Body"].read())


def test_executions_lie_in_a_file_for_each_status(aws, bucket):
    machine = distributed(REFUSE_BAD, ItemsPath="$.items", ToleratedFailurePercentage=50, ResultWriter=WRITER)
    ended = run(aws, machine, {"items": [{"bad": False, "n": 1}, {"bad": True}, {"bad": False, "n": 2}]})
    output = json.loads(ended["output"])
    manifest_key = output["ResultWriterDetails"]["Key"]
    folder = f"jobs/one/{output['MapRunArn'].split(':')[-1]}"
    assert manifest_key == f"{folder}/manifest.json"

    manifest = read(bucket, manifest_key)
    files = manifest["ResultFiles"]
    assert (manifest["DestinationBucket"], manifest["MapRunArn"]) == ("results", output["MapRunArn"])
    assert [file["Key"] for file in files["SUCCEEDED"]] == [f"{folder}/SUCCEEDED_0.json"]
    assert files["PENDING"] == []
    assert (
        files["FAILED"][0]["Size"]
        == bucket.head_object(Bucket="results", Key=files["FAILED"][0]["Key"])["ContentLength"]
    )

    first, second = read(bucket, files["SUCCEEDED"][0]["Key"])
    assert (first["Status"], json.loads(first["Input"])) == ("SUCCEEDED", {"bad": False, "n": 1})
    assert json.loads(second["Output"]) == {"bad": False, "n": 2}
    assert first["ExecutionArn"].endswith(first["Name"])
    (failed,) = read(bucket, files["FAILED"][0]["Key"])
    assert (failed["Status"], failed["Error"], failed["Cause"]) == ("FAILED", "BadRows", "a row is bad")
    assert "Output" not in failed


def test_a_failed_map_leaves_files_and_what_it_did_not_start_is_pending(aws, bucket):
    machine = distributed(REFUSE_BAD, ItemsPath="$.items", MaxConcurrency=1, ResultWriter=WRITER)
    ended = run(aws, machine, {"items": [{"bad": True}, {"bad": False}, {"bad": False}]})
    assert ended["error"] == "States.ExceedToleratedFailureThreshold"
    keys = [each["Key"] for each in bucket.list_objects_v2(Bucket="results")["Contents"]]
    files = read(bucket, next(key for key in keys if key.endswith("manifest.json")))["ResultFiles"]
    assert (len(read(bucket, files["FAILED"][0]["Key"])), len(read(bucket, files["PENDING"][0]["Key"]))) == (1, 2)


def test_the_selected_item_is_what_an_execution_was_given(aws, bucket):
    machine = distributed(
        REFUSE_BAD, ItemsPath="$.items", ResultWriter=WRITER, ItemSelector={"bad.$": "$$.Map.Item.Value", "job": "one"}
    )
    key = json.loads(run(aws, machine, {"items": [False]})["output"])["ResultWriterDetails"]["Key"]
    (only,) = read(bucket, read(bucket, key)["ResultFiles"]["SUCCEEDED"][0]["Key"])
    assert json.loads(only["Input"]) == {"bad": False, "job": "one"}


def test_a_missing_bucket_is_the_writers_failure(aws):
    machine = distributed(REFUSE_BAD, ItemsPath="$.items", ResultWriter=WRITER)
    assert run(aws, machine, {"items": [{"bad": False}]})["error"] == "States.ResultWriterFailed"


def test_moto_still_writes_an_empty_manifest(plain_moto):
    assert plain_moto["empty manifest"], "moto no longer needs localaws/map_results: drop it"
