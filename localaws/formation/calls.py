"""AWS API calls made from a resource's properties, each value brought into the form the API asks for."""

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config

from localaws.formation.intrinsics import TemplateError

ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=120, max_pool_connections=32)
SERVICES = (
    "apigateway",
    "apigatewayv2",
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "events",
    "firehose",
    "glue",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
)
_one_at_a_time = Lock()  # making a client is not safe in several threads; using one is


def client(service: str, region: str) -> Any:
    """A client of the AWS that this process hosts; its credentials are nobody's."""
    with _one_at_a_time:
        return _client(service, region, os.environ["MOTO_PORT"])


@lru_cache(maxsize=256)
def _client(service: str, region: str, port: str) -> Any:
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=ONCE,
    )


def prepare(region: str) -> None:
    """Make the clients that stacks need ahead of time: each reads megabytes of descriptions, moto imports its half."""
    for service in SERVICES:
        client(service, region)
        import_module(f"moto.{service.replace('lambda', 'awslambda')}.responses")


def call(client: Any, operation: str, properties: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
    """The operation with `properties`, spelt as CloudFormation spells them, and with `more` as the API does."""
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape
    answer: Mapping[str, Any] = getattr(client, operation)(**fitted(properties, shape), **more)
    return answer


def fitted(value: Any, shape: Any, path: str = "") -> Any:
    """`value` with the names and types of the API's `shape`; a property it does not have is an error."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        members = {name.lower(): name for name in shape.members}
        names = {key: _member(key, members, path) for key in value}
        return {names[key]: fitted(part, shape.members[names[key]], f"{path}/{key}") for key, part in value.items()}
    if kind == "list" and isinstance(value, list):
        return [fitted(part, shape.member, path) for part in value]
    if kind == "map":
        pairs = {tag["Key"]: tag["Value"] for tag in value} if isinstance(value, list) else value
        return {key: fitted(part, shape.value, f"{path}/{key}") for key, part in pairs.items()}
    return _scalar(value, kind)


def _member(key: str, members: Mapping[str, str], path: str) -> str:
    for name in (key.lower(), f"tag{key}".lower()):
        if name in members:
            return members[name]
    raise TemplateError(f"Encountered unsupported property {path.lstrip('/')}{'/' if path else ''}{key}")


def _scalar(value: Any, kind: str) -> Any:
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "string" and not isinstance(value, str):
        return json.dumps(value)  # policies and templates are texts to the API; true is "true"
    return value
