"""Concurrency, limits and failures of the functions on a laptop, as Lambda documents them.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html, configuration-timeout, configuration-memory.
"""

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localaws import dispatch
from localaws.images import Images, UnknownImage
from localaws.refusals import Refused
from tests.localaws.lambdas.conftest import answer

ROOT = Path(__file__).parents[3]
ACTS = """
import os, time

def allocate(event, context):
    kept = b"x" * (event["mb"] * 1024 * 1024)
    time.sleep(event.get("s", 0))
    return len(kept)

ACTIONS = {
    "pid": lambda event, context: os.getpid(),
    "sleep": lambda event, context: time.sleep(event["s"]),
    "exit": lambda event, context: os._exit(3),
    "allocate": allocate,
    "environment": lambda event, context: dict(os.environ),
}

def handler(event, context):
    return ACTIONS[event["do"]](event, context)
"""


def ask(name: str, do: str, qualifier: str | None = None, **event: object) -> dispatch.Invocation:
    return dispatch.invoke(name, qualifier, json.dumps({"do": do, **event}).encode())


@contextmanager
def busy(name: str, count: int, s: float = 1.0, qualifier: str | None = None):
    """While that many invocations run."""
    with ThreadPoolExecutor(count) as threads:
        running = [threads.submit(ask, name, "sleep", qualifier, s=s) for _ in range(count)]
        time.sleep(s / 2)
        yield
        assert [one.result().function_error for one in running] == [None] * count


@pytest.fixture
def acting(function):
    return lambda **config: function(ACTS, **{"Timeout": 10} | config)


def test_each_concurrent_invocation_has_a_worker_of_its_own(acting):
    name = acting()
    with ThreadPoolExecutor(3) as threads:
        meet = threading.Barrier(3)
        ran = list(threads.map(lambda _: (meet.wait(), ask(name, "sleep", s=0.5))[1], range(3)))
    assert [invocation.cold for invocation in ran] == [True] * 3
    assert not ask(name, "pid").cold


def test_one_more_than_the_limit_is_throttled_and_does_not_wait(aws, acting):
    name = acting()
    with busy(name, 4), pytest.raises(ClientError) as refused:
        aws.invoke(FunctionName=name, Payload=json.dumps({"do": "pid"}))
    said = refused.value.response
    assert (said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"]) == ("TooManyRequestsException", 429)
    assert said["Reason"] == "ConcurrentInvocationLimitExceeded"
    assert ask(name, "pid").function_error is None


def test_reserved_concurrency_is_all_that_the_versions_of_a_function_have(aws, acting):
    name = acting()
    aws.publish_version(FunctionName=name)
    aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    with busy(name, 2), pytest.raises(Refused) as refused:
        ask(name, "pid", "1")
    assert json.loads(refused.value.description)["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    aws.delete_function_concurrency(FunctionName=name)
    with busy(name, 2):
        assert ask(name, "pid", "1").function_error is None


def test_a_function_with_nothing_reserved_never_runs(aws, acting):
    name = acting()
    aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        aws.invoke(FunctionName=name)


def test_the_timeout_is_the_functions_own(acting):
    invocation = ask(acting(Timeout=1), "sleep", s=30)
    assert invocation.payload["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert invocation.logs.rstrip().endswith("Status: timeout")


def test_a_crash_is_the_error_of_one_invocation(acting):
    name = acting()
    with busy(name, 2):
        crashed = ask(name, "exit")
    assert crashed.payload["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert crashed.logs.rstrip().endswith("Status: error\tError Type: Runtime.ExitError")
    assert ask(name, "pid").function_error is None


def test_a_function_out_of_memory_is_killed_and_only_it(acting):
    name = acting(MemorySize=512, Timeout=30)
    with busy(name, 1):
        killed = ask(name, "allocate", mb=700, s=30)
    assert killed.function_error == "Unhandled"
    assert killed.payload == {
        "errorType": "Runtime.OutOfMemory",
        "errorMessage": f"RequestId: {killed.request_id} Error: Runtime exited with error: signal: killed",
    }
    assert "Max Memory Used: 512 MB\t" in killed.logs
    assert killed.logs.rstrip().endswith("Status: error\tError Type: Runtime.OutOfMemory")
    assert ask(name, "allocate", mb=100).payload == 100 * 1024 * 1024


def test_an_allocation_far_beyond_the_memory_is_refused_by_the_kernel(acting):
    refused = ask(acting(MemorySize=512), "allocate", mb=4000)
    assert refused.payload["errorType"] in ("MemoryError", "Runtime.OutOfMemory")


def test_the_log_tells_the_memory_that_was_used(acting):
    name = acting(MemorySize=512)
    assert ask(name, "allocate", mb=200).peak_mb == pytest.approx(220, abs=20)


def test_a_function_sees_this_laptops_aws_and_nobodys_keys(aws, laptop, acting, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "parent")
    name = acting(Environment={"Variables": {"AWS_ENDPOINT_URL": "http://elsewhere", "COLOUR": "red"}})
    environment = ask(name, "environment").payload
    assert environment["AWS_ENDPOINT_URL"] == laptop.url
    assert (environment["AWS_ACCESS_KEY_ID"], environment["AWS_REGION"]) == ("local", "us-east-1")
    assert (environment["COLOUR"], environment["AWS_LAMBDA_FUNCTION_NAME"]) == ("red", name)


def test_a_handler_reaches_this_laptops_aws(laptop, function):
    laptop.client("s3").create_bucket(Bucket="reached")
    source = """
import boto3
def handler(event, context):
    return [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]
"""
    name = function(source, Timeout=30)
    assert "reached" in dispatch.invoke(name, None, b"{}").payload


def test_listeners_are_told_of_every_invocation(laptop, published):
    name, told = published(), []
    laptop.dispatcher.listen(lambda *said: told.append(said) if said[0] == name else None)
    dispatch.invoke(name, "live", b"{}")
    [(function, version, log, invocation)] = told
    assert (function, version) == (name, "1")
    assert log.startswith(f"START RequestId: {invocation.request_id} Version: 1\nhello from 1\nEND ")


def test_an_image_runs_from_the_folder_it_was_baked_in(aws, laptop, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "tiny.py").write_text("def handler(event, context): return 'of the image'\nother = handler")
    (tmp_path / "Dockerfile").write_text('FROM base AS worker\nCMD ["no.handler"]\nFROM base\nCMD ["tiny.handler"]\n')
    laptop.dispatcher.images.register("3f1c", tmp_path)
    common = {"PackageType": "Image", "Role": laptop.lambda_role, "Code": {"ImageUri": "registry/serinus@sha256:3f1c"}}
    aws.create_function(FunctionName="baked", **common)
    aws.create_function(FunctionName="baked-other", ImageConfig={"Command": ["tiny.other"]}, **common)
    assert answer(aws.invoke(FunctionName="baked")) == "of the image"
    assert answer(aws.invoke(FunctionName="baked-other")) == "of the image"


def test_an_image_that_is_not_there_is_named(aws, laptop):
    code = {"ImageUri": "registry/serinus:gone"}
    aws.create_function(FunctionName="imageless", PackageType="Image", Role=laptop.lambda_role, Code=code)
    with pytest.raises(ClientError, match="no image 'registry/serinus:gone'"):
        aws.invoke(FunctionName="imageless")
    with pytest.raises(UnknownImage, match="expected one of the tags none"):
        Images().folder("registry/serinus:gone")


def test_a_retired_latest_finishes_what_it_runs(aws, acting):
    name = acting()
    with busy(name, 1):
        aws.update_function_configuration(FunctionName=name, Timeout=9)
        assert ask(name, "pid").cold


def test_a_second_dispatcher_in_the_process_is_refused(laptop):
    with pytest.raises(RuntimeError, match="already"), dispatch.Dispatcher(laptop.url):
        pass


def test_closing_does_not_wait_for_a_function_that_runs_for_long():
    """In a process of its own, as there is one dispatcher in this one."""
    command = [sys.executable, "-m", "tests.localaws.lambdas.closing"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert [answer["errorType"] for answer in told["answers"]] == ["Runtime.ExitError"]
    assert told["closing_s"] < 20
