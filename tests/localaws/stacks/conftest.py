"""An AWS with the patches of localaws, and a way to deploy small templates to it."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from localaws.endpoint import serving
from localaws.formation import calls

Client = Callable[[str], Any]


@pytest.fixture(scope="session")
def aws() -> Iterator[Client]:
    with serving() as url:
        port = url.rpartition(":")[2]

        def client(service: str) -> Any:
            os.environ["MOTO_PORT"] = port  # another fixture may have left its own
            return calls.client(service, "us-east-1")

        yield client


@dataclass
class Stack:
    """One stack, by the API of CloudFormation."""

    aws: Client
    name: str = field(default_factory=lambda: f"stack-{uuid.uuid4().hex[:8]}")

    def create(self, resources: Any, **sections: Any) -> str:
        return self._put("create_stack", resources, sections)

    def update(self, resources: Any, **sections: Any) -> str:
        return self._put("update_stack", resources, sections)

    def _put(self, operation: str, resources: Any, sections: Any) -> str:
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in sections.pop("given", {}).items()]
        body = json.dumps({"Resources": resources, **sections})
        getattr(self.aws("cloudformation"), operation)(StackName=self.name, TemplateBody=body, Parameters=given)
        return self.status

    @property
    def about(self) -> Any:
        return self.aws("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]

    @property
    def status(self) -> str:
        return str(self.about["StackStatus"])

    @property
    def outputs(self) -> dict[str, str]:
        return {one["OutputKey"]: one["OutputValue"] for one in self.about.get("Outputs", [])}

    @property
    def ids(self) -> dict[str, str]:
        """What each resource is called, by its logical id."""
        listed = self.aws("cloudformation").describe_stack_resources(StackName=self.name)["StackResources"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in listed}

    def events(self, status: str) -> list[tuple[str, str, str]]:
        told = self.aws("cloudformation").describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            (one["LogicalResourceId"], one["ResourceType"], one.get("ResourceStatusReason", ""))
            for one in told
            if one["ResourceStatus"] == status
        ]


@pytest.fixture
def stack(aws: Client) -> Stack:
    return Stack(aws)


@pytest.fixture(scope="session")
def plain_moto() -> dict[str, bool]:
    """What moto still gets wrong by itself, asked in a process that knows no localaws."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.localaws.stacks.plain_moto"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, bool] = json.loads(ran.stdout.splitlines()[-1])
    return answer
