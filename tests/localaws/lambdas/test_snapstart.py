"""SnapStart: https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html"""

import json
import re

import pytest
from botocore.exceptions import ClientError

from localaws import dispatch

HOOKED = """
import os, time
from snapshot_restore_py import register_after_restore, register_before_snapshot

SEEN = ["init"]
register_before_snapshot(SEEN.append, "before")
register_after_restore(time.sleep, 0.05)
register_after_restore(SEEN.append, "after")

def handler(event, context):
    return [*SEEN, os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]]
"""
FAILS = """
from snapshot_restore_py import register_after_restore, register_before_snapshot
register_%s(lambda: {}["connection"])
handler = lambda event, context: "never"
"""


@pytest.fixture
def snapped(aws, function):
    def make(source: str) -> str:
        name = function(source, SnapStart={"ApplyOn": "PublishedVersions"})
        aws.publish_version(FunctionName=name)
        return name

    return make


def test_a_published_version_runs_its_hooks_before_its_first_invocation(snapped):
    name = snapped(HOOKED)
    first, second = (dispatch.invoke(name, "1", b"{}") for _ in range(2))
    assert first.payload == second.payload == ["init", "before", "after", "snap-start"]
    assert 50 <= first.restore_ms <= first.init_ms
    assert (second.cold, second.restore_ms) == (False, None)


def test_latest_has_no_snapshot(snapped):
    invocation = dispatch.invoke(snapped(HOOKED), "$LATEST", b"{}")
    assert invocation.payload == ["init", "on-demand"]
    assert invocation.restore_ms is None


def test_the_log_tells_the_restore_instead_of_the_init(snapped):
    log = dispatch.invoke(snapped(HOOKED), "1", b"{}").logs
    assert re.search(r"\tRestore Duration: [\d.]+ ms\tBilled Restore Duration: \d+ ms\t\n$", log)
    assert "Init Duration" not in log


def test_a_hook_that_fails_after_the_restore_fails_the_invoke(aws, snapped):
    with pytest.raises(ClientError) as refused:
        aws.invoke(FunctionName=snapped(FAILS % "after_restore"), Qualifier="1")
    said = refused.value.response
    assert (said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"]) == ("SnapStartException", 400)
    assert "connection" in said["Error"]["Message"]


def test_a_hook_that_fails_before_the_snapshot_is_an_error_of_the_init(snapped):
    invocation = dispatch.invoke(snapped(FAILS % "before_snapshot"), "1", b"{}")
    assert invocation.function_error == "Unhandled"
    assert json.loads(invocation.body)["errorType"] == "KeyError"
