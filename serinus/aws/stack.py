"""What a service's CloudFormation stack says of the things it has made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from serinus.aws.failures import code_of, told
from serinus.errors import ReleaseError


@dataclass(frozen=True)
class Outputs:
    stack: str
    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        if name not in self.values:
            there = ", ".join(sorted(self.values)) or "none"
            raise ReleaseError(f"stack {self.stack} has no output {name}, expected it beside these: {there}")
        return self.values[name]


def outputs_of(service: str) -> Outputs:
    """Of the stack `serinus-<service>` in the region of the environment; ReleaseError when it was never deployed."""
    stack = f"serinus-{service}"
    with told(f"read the outputs of stack {stack}", ReleaseError):
        client: Any = boto3.client("cloudformation")
        try:
            [found] = client.describe_stacks(StackName=stack)["Stacks"]
        except ClientError as error:
            if code_of(error) == "ValidationError":  # as CloudFormation calls a stack that is not there
                where = client.meta.region_name
                raise ReleaseError(f"no stack {stack} in {where}: serinus deploy {service} makes it") from error
            raise
    return Outputs(stack, {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())})
