"""Invoke, as the Lambda API reference documents it: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

import base64
import json
import re
import time
from collections.abc import Callable

import pytest

from tests.localaws.lambdas.conftest import answer

MARKS = """
import os, time

def handler(event, context):
    with open(event["file"], "a") as file:
        file.write(event.get("text", context.function_version) + chr(10))
    time.sleep(event.get("s", 0))
    if event.get("fails"):
        raise ValueError("bad event")
"""
REPORT = re.compile(
    r"REPORT RequestId: (?P<id>[0-9a-f-]{36})\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
    r"Memory Size: 128 MB\tMax Memory Used: \d+ MB\t(Init Duration: [\d.]+ ms\t)?\n"
)


def eventually(met: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not met() and time.monotonic() < deadline:
        time.sleep(0.02)
    return met()


def test_an_invocation_runs_in_a_real_runtime(aws, function):
    response = aws.invoke(FunctionName=function(), Payload=json.dumps({"a": 1}))
    assert response["StatusCode"] == 200
    assert response["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in response
    assert answer(response)["event"] == {"a": 1}


def test_no_payload_is_an_empty_event(aws, function):
    assert answer(aws.invoke(FunctionName=function()))["event"] == {}


def test_a_payload_that_looks_like_a_form_stays_a_payload(aws, function):
    payload = "x&Action=DeleteFunction&Qualifier=99&y=é"
    response = aws.invoke(FunctionName=function(), Payload=json.dumps(payload))
    assert answer(response)["event"] == payload


@pytest.mark.parametrize(
    ("written", "said", "version"),
    [
        pytest.param("{name}", {}, "$LATEST", id="name"),
        pytest.param("{name}", {"Qualifier": "$LATEST"}, "$LATEST", id="latest"),
        pytest.param("{name}", {"Qualifier": "2"}, "2", id="version"),
        pytest.param("{name}", {"Qualifier": "live"}, "1", id="alias"),
        pytest.param("{name}:2", {}, "2", id="version in the name"),
        pytest.param("{name}:live", {"Qualifier": "live"}, "1", id="alias twice"),
        pytest.param("123456789012:function:{name}", {"Qualifier": "2"}, "2", id="partial arn"),
        pytest.param("123456789012:function:{name}:live", {}, "1", id="alias in a partial arn"),
        pytest.param("arn:aws:lambda:us-east-1:123456789012:function:{name}", {}, "$LATEST", id="arn"),
        pytest.param("arn:aws:lambda:us-east-1:123456789012:function:{name}:2", {}, "2", id="version in the arn"),
        pytest.param("arn:aws:lambda:us-east-1:123456789012:function:{name}", {"Qualifier": "live"}, "1", id="both"),
    ],
)
def test_the_version_that_was_asked_for_runs(aws, published, written, said, version):
    response = aws.invoke(FunctionName=written.format(name=published()), **said)
    assert response["ExecutedVersion"] == version
    assert answer(response)["version"] == version


def test_an_error_of_the_function_is_in_the_payload(aws, function):
    response = aws.invoke(FunctionName=function("def handler(event, context): return {}['missing']"))
    assert (response["StatusCode"], response["FunctionError"]) == (200, "Unhandled")
    assert answer(response)["errorType"] == "KeyError"


def test_the_end_of_the_log_comes_when_asked_for(aws, function):
    name = function("def handler(event, context): print('x' * 5000); print('last words')")
    response = aws.invoke(FunctionName=name, LogType="Tail")
    log = base64.b64decode(response["LogResult"])
    assert len(log) == 4096
    assert b"last words\nEND RequestId: " in log
    assert "LogResult" not in aws.invoke(FunctionName=name)


def test_the_log_is_framed_as_lambda_does(aws, published):
    response = aws.invoke(FunctionName=published(), Qualifier="2", LogType="Tail")
    log = base64.b64decode(response["LogResult"]).decode()
    request = response["ResponseMetadata"]["RequestId"]
    start, said, end, report = log.splitlines(keepends=True)
    assert start == f"START RequestId: {request} Version: 2\n"
    assert said == "hello from 2\n"
    assert end == f"END RequestId: {request}\n"
    assert REPORT.fullmatch(report)["id"] == request
    assert "Init Duration" in report


def test_a_dry_run_finds_the_function_and_does_not_run_it(aws, function, tmp_path):
    name = function(MARKS)
    event = json.dumps({"file": str(tmp_path / "ran")})
    assert aws.invoke(FunctionName=name, InvocationType="DryRun", Payload=event)["StatusCode"] == 204
    assert not (tmp_path / "ran").exists()


def test_an_event_is_taken_at_once_and_runs_afterwards(aws, function, tmp_path):
    name, ran = function(MARKS), tmp_path / "ran"
    started = time.monotonic()
    taken = aws.invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps({"file": str(ran), "s": 2, "text": "done"})
    )
    assert time.monotonic() - started < 2
    assert (taken["StatusCode"], taken["Payload"].read()) == (202, b"")
    assert eventually(ran.exists)


@pytest.mark.parametrize(("config", "attempts"), [(None, 3), (0, 1), (1, 2)], ids=["default", "never", "once"])
def test_an_event_that_fails_is_tried_again(aws, function, tmp_path, config, attempts):
    name, ran = function(MARKS), tmp_path / "ran"
    if config is not None:
        aws.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=config)
    event = json.dumps({"file": str(ran), "text": "tried", "fails": True})
    aws.invoke(FunctionName=name, InvocationType="Event", Payload=event)
    assert eventually(lambda: ran.exists() and ran.read_text().count("tried") == attempts)
    time.sleep(0.5)  # long enough for one more
    assert ran.read_text().count("tried") == attempts
