"""Developer Guide of Step Functions, "Invoke an AWS Lambda function with Step Functions": in real runtimes."""

import json

import pytest

from tests.localaws.steps.machines import distributed, run

SOURCE = """
def handler(event, context):
    if event.get("bad"):
        raise ValueError("a row is bad")
    return {"version": context.function_version, "rows": event.get("rows")}
"""


def task(function, **parameters):
    invoke = {"FunctionName": function, "Payload.$": "$", **parameters}
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": invoke, "End": True}
    return {"StartAt": "Score", "States": {"Score": {**state, "OutputPath": "$.Payload"}}}


@pytest.fixture
def published(aws, function):
    """The ARN of a function whose version 1 is `live`."""
    arn = function(SOURCE)
    aws("lambda").publish_version(FunctionName=arn)
    aws("lambda").create_alias(FunctionName=arn, Name="live", FunctionVersion="1")
    return arn


def test_a_task_invokes_the_version_that_is_asked_for(aws, published):
    for parameters in ({"function": f"{published}:live"}, {"function": published, "Qualifier": "live"}):
        ended = run(aws, task(**parameters), {"rows": 3})
        assert json.loads(ended["output"]) == {"version": "1", "rows": 3}, ended
    assert json.loads(run(aws, task(published), {"rows": 3})["output"])["version"] == "$LATEST"


def test_an_error_of_a_function_is_the_error_of_its_item(aws, published):
    aws("s3").create_bucket(Bucket="results")
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "results", "Prefix": "p"}}
    machine = distributed(
        task(f"{published}:live"), ItemsPath="$.items", ToleratedFailureCount=1, MaxConcurrency=4, ResultWriter=writer
    )
    ended = run(aws, machine, {"items": [{"rows": 1}, {"bad": True}, {"rows": 2}]})
    details = json.loads(ended["output"])["ResultWriterDetails"]

    def read(key):
        return json.loads(aws("s3").get_object(Bucket="results", Key=key)["Body"].read())

    files = read(details["Key"])["ResultFiles"]
    (failed,) = read(files["FAILED"][0]["Key"])
    assert (failed["Error"], json.loads(failed["Cause"])["errorMessage"]) == ("ValueError", "a row is bad")
    rows = [json.loads(each["Output"])["rows"] for each in read(files["SUCCEEDED"][0]["Key"])]
    assert rows == [1, 2]


def test_a_task_that_failed_is_retried(aws, function):
    source = """
import pathlib, tempfile
def handler(event, context):
    tried = pathlib.Path(tempfile.gettempdir()) / event["mark"]
    if not tried.exists():
        tried.touch()
        raise OSError("once")
    tried.unlink()
    return {"done": True}
"""
    machine = task(function(source))
    retry = {"ErrorEquals": ["OSError"], "IntervalSeconds": 1, "MaxAttempts": 1}
    machine["States"]["Score"]["Retry"] = [retry]
    ended = run(aws, machine, {"mark": f"steps-{id(machine)}"})
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"done": True}), ended
