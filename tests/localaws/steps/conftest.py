"""moto's server in this process, with the patches of localaws."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto.core.config import default_user_config
from moto.backends import get_backend
from moto.server import ThreadedMotoServer

from localaws import (
    executions,
    machine_errors,
    map_definition,
    map_reader,
    map_results,
    map_run,
    task_parameters,
)

PATCHES = [executions, machine_errors, map_definition, map_reader, map_results, map_run, task_parameters]
EMPTIED = ("batch", "cloudwatch", "dynamodb", "ecs", "events", "logs", "s3", "sns", "sqs")
Client = Callable[[str], Any]


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    for patch in PATCHES:
        patch.apply()
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
