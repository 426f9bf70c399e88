"""moto's server in this process, with the patches of localaws."""

import io
import json
import os
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import pytest
from moto.backends import get_backend
from moto.core.config import default_user_config
from moto.server import ThreadedMotoServer

from localaws import emf, function_metrics, patches, worker_logs
from localaws.dispatch import Dispatcher, Limits, current

LISTENERS = [emf.listener, function_metrics.listener, worker_logs.listener]
LISTENED_TO: list[Dispatcher] = []
EMPTIED = ("batch", "cloudwatch", "dynamodb", "ecs", "events", "logs", "s3", "sns", "sqs")
Client = Callable[[str], Any]


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    patches.apply()
    before = dict(os.environ)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    os.environ.update(MOTO_PORT=str(port), AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    default_user_config["batch"]["use_docker"] = False
    yield f"http://127.0.0.1:{port}"
    default_user_config["stepfunctions"]["execute_state_machine"] = False
    server.stop()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def aws(address: str) -> Iterator[Client]:
    """Clients of an AWS with nothing in it."""
    for service in EMPTIED:
        get_backend(service).reset()
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = boto3.client(service, region_name="us-east-1", endpoint_url=address)
        return made[service]

    yield client
    for each in made.values():
        each.close()


@pytest.fixture(scope="session")
def plain_moto() -> dict[str, bool]:
    """What moto still gets wrong by itself, asked in a process that knows no localaws."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.localaws.steps.plain_moto"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, bool] = json.loads(ran.stdout.splitlines()[-1])
    return answer


@pytest.fixture
def batch_queue(aws: Client) -> str:
    """The ARN of a job queue for the job definition `score`."""
    role = aws("iam").create_role(RoleName=f"batch-{uuid.uuid4()}", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    environment = aws("batch").create_compute_environment(
        computeEnvironmentName="place", type="UNMANAGED", state="ENABLED", serviceRole=role
    )
    order = [{"order": 1, "computeEnvironment": environment["computeEnvironmentArn"]}]
    queue = aws("batch").create_job_queue(
        jobQueueName="queue", state="ENABLED", priority=1, computeEnvironmentOrder=order
    )
    container = {"image": "score", "vcpus": 1, "memory": 16}
    aws("batch").register_job_definition(jobDefinitionName="score", type="container", containerProperties=container)
    arn: str = queue["jobQueueArn"]
    return arn


@pytest.fixture(scope="module")
def dispatcher(address: str) -> Iterator[Dispatcher]:
    """Whatever invokes a function reaches a real runtime; not for the whole session: there is one in a process."""
    with ExitStack() as entered:
        if is_dispatching():
            running = current()
        else:
            running = entered.enter_context(
                Dispatcher(address, limits=Limits(concurrency=4, retry_pauses_s=(0.1, 0.1)))
            )
        if running not in LISTENED_TO:  # another's stays for the whole session, and would tell of everything again
            LISTENED_TO.append(running)
            for listener in LISTENERS:
                running.listen(listener)
        yield running


def is_dispatching() -> bool:
    try:
        current()
    except RuntimeError:
        return False
    return True


@pytest.fixture
def function(aws: Client, dispatcher: Dispatcher) -> Callable[[str], str]:
    """Makes a function of Python source; its ARN."""

    def make(source: str, **config: Any) -> str:
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as archive:
            archive.writestr("tiny.py", source)
        name = f"steps-{uuid.uuid4()}"
        role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        said = {"Runtime": "python3.13", "Handler": "tiny.handler", "Role": role, "Timeout": 10} | config
        made = aws("lambda").create_function(FunctionName=name, Code={"ZipFile": written.getvalue()}, **said)
        arn: str = made["FunctionArn"]
        return arn

    return make
