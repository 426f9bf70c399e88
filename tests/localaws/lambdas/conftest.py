"""moto's server in this process, patched, with a dispatcher that runs its functions; each test makes its own."""

import io
import itertools
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from localaws import patches
from localaws.dispatch import Dispatcher, Limits

SOURCE = """
import os, sys

def handler(event, context):
    print("hello from", context.function_version)
    return {"version": context.function_version, "event": event, "arn": context.invoked_function_arn}
"""


@dataclass(frozen=True)
class Plain:
    """moto's server, patched or not."""

    url: str

    def client(self, service: str, **config: Any) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        once = Config(retries={"total_max_attempts": 1}, **config)
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", config=once, **keys)

    def role(self, name: str) -> str:
        """The ARN of a role, made where there is none: tests elsewhere in this process empty all of moto."""
        iam = self.client("iam")
        try:
            made = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
        except iam.exceptions.EntityAlreadyExistsException:
            made = iam.get_role(RoleName=name)
        return str(made["Role"]["Arn"])


@dataclass(frozen=True)
class Laptop(Plain):
    dispatcher: Dispatcher

    @property
    def lambda_role(self) -> str:
        return self.role("lambda")


@pytest.fixture(scope="session")
def laptop() -> Iterator[Laptop]:
    patches.apply()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with Dispatcher(url, limits=Limits(concurrency=4, retry_pauses_s=(0.05, 0.1)), seed=7) as dispatcher:
        yield Laptop(url, dispatcher)
    server.stop()


@pytest.fixture(scope="session")
def aws(laptop: Laptop) -> Any:
    return laptop.client("lambda")


def archive(source: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as zipped:
        zipped.writestr("tiny.py", source)
    return written.getvalue()


_numbers = itertools.count()


@pytest.fixture
def function(laptop: Laptop, aws: Any) -> Callable[..., str]:
    """Makes a function of its own for this test, of Python source; its name."""

    def make(source: str = SOURCE, **config: Any) -> str:
        name = f"tiny-{next(_numbers)}"
        said = {"Runtime": "python3.13", "Handler": "tiny.handler", "Role": laptop.lambda_role} | config
        aws.create_function(FunctionName=name, Code={"ZipFile": archive(source)}, **said)
        return name

    return make


@pytest.fixture
def published(aws: Any, function: Callable[..., str]) -> Callable[..., str]:
    """A function with versions 1 and 2, whose answers tell which one ran, and an alias `live` on version 1."""

    def make(**config: Any) -> str:
        name = function(**config)
        aws.publish_version(FunctionName=name)
        aws.update_function_code(FunctionName=name, ZipFile=archive(SOURCE + "# two"))
        aws.publish_version(FunctionName=name)
        aws.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        return name

    return make


def answer(response: Any) -> Any:
    return json.loads(response["Payload"].read())
