"""The published versions of a Lambda function."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from serinus.aws.failures import code_of, told
from serinus.errors import ReleaseError, listed
from serinus.release.gate import Answer
from serinus.release.versions import Version

LATEST = "$LATEST"  # what is not published, and changes
PATIENT = Config(read_timeout=120, retries={"mode": "standard", "total_max_attempts": 3})  # a cold start, golden rows


@dataclass(frozen=True)
class LambdaVersions:
    """client: boto3's of Lambda, which has no types."""

    client: Any
    function: str

    def all(self) -> list[Version]:
        """The newest first."""
        with told(f"list the versions of {self.function}", ReleaseError):
            pages = self.client.get_paginator("list_versions_by_function").paginate(FunctionName=self.function)
            found = [_version(one) for page in pages for one in page["Versions"] if one["Version"] != LATEST]
        return sorted(found, key=lambda version: int(version.number), reverse=True)

    def find(self, number: str) -> Version:
        with told(f"look at version {number} of {self.function}", ReleaseError):
            try:
                return _version(self.client.get_function_configuration(FunctionName=f"{self.function}:{number}"))
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
        there = listed([version.number for version in self.all()]) or "none"
        raise ReleaseError(f"{self.function} has no version {number}; there are {there}")

    def ask(self, number: str, event: Mapping[str, Any]) -> Answer:
        with told(f"invoke version {number} of {self.function}", ReleaseError):
            answer = self.client.invoke(
                FunctionName=f"{self.function}:{number}",
                InvocationType="RequestResponse",
                Payload=json.dumps(event).encode(),
            )
            payload = answer["Payload"].read()
        return Answer(answer.get("ExecutedVersion"), payload, answer.get("FunctionError"))


def lambda_versions(function: str) -> LambdaVersions:
    with told("reach lambda", ReleaseError):
        return LambdaVersions(boto3.client("lambda", config=PATIENT), function)


def _version(configuration: Mapping[str, Any]) -> Version:
    return Version(
        number=configuration["Version"],
        published_at=datetime.fromisoformat(configuration["LastModified"]),
        image=configuration["CodeSha256"],
        description=configuration.get("Description") or "",
        state=configuration.get("State") or "Active",
    )
