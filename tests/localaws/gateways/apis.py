"""APIs in moto and a function behind them, as the tests of the gateways need them."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import httpx
from moto import mock_aws
from moto.core.exceptions import JsonRESTError

from localaws.gateway import Gateways
from localaws.runtime import FunctionConfig, RequestTooLarge, Runtime

ROOT = Path(__file__).parents[3]
EVENTS = ROOT / "tests/handlers/events"
ISSUER, AUDIENCE = "https://auth.example.org", "kepler"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:{}:live"
REST_URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations"


@dataclass
class Outcome:
    body: bytes
    function_error: str | None


class Refusal(JsonRESTError):
    """Lambda runs nothing."""

    def __init__(self, status: int) -> None:
        super().__init__("Refused", str(status))
        self.code = status


@dataclass
class Functions:
    """Real runtimes by the name of their function. seen: the events they got; busy: names of those with no sandbox."""

    runtimes: dict[str, Runtime] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)

    def invoke(self, function: str, qualifier: str | None, payload: bytes) -> Outcome:
        name = function.split(":")[6]
        assert (function, qualifier) == (ARN.format(name), None)
        if name in self.busy:
            raise Refusal(429)
        event = json.loads(payload)
        self.seen.append(event)
        try:
            invocation = self.runtimes[name].invoke(event)
        except RequestTooLarge:
            raise Refusal(413) from None
        return Outcome(json.dumps(invocation.payload).encode(), invocation.function_error)


HANDLERS = """
import base64, json, os, time

def echo(event, context):
    if "returned" in event.get("body", ""):
        return json.loads(event["body"])["returned"]
    return {"statusCode": 200, "body": json.dumps(event)}

def rest_echo(event, context):
    body = event["body"] or ""
    return json.loads(body)["returned"] if "returned" in body else {"statusCode": 200, "body": json.dumps(event)}

def crash(event, context):
    os._exit(3)

def fail(event, context):
    raise ValueError("out of order")

def slow(event, context):
    time.sleep(2)
    return {"statusCode": 200, "body": "late"}
"""


@contextmanager
def functions(folder: Path, service: Path) -> Iterator[Functions]:
    """echo, crash, fail, slow are a few lines; predict is the real handler with the bundles of `service`."""
    (folder / "handlers.py").write_text(HANDLERS)
    env = {
        "SERINUS_SERVICE": str(service),
        "SERINUS_MODELS": str(service.parent / "models"),
        "SERINUS_RELEASE": "42",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    made = Functions()
    with ExitStack() as stack:
        for name in ("echo", "rest_echo", "crash", "fail", "slow"):
            config = FunctionConfig(f"handlers.{name}", name=name, timeout_s=3, cwd=folder)
            made.runtimes[name] = stack.enter_context(Runtime(config))
        predict = FunctionConfig("functions.predict.handler.handler", name="predict", timeout_s=30, env=env, cwd=ROOT)
        made.runtimes["predict"] = stack.enter_context(Runtime(predict, workers=2))
        yield made


@contextmanager
def gateways(running: Functions) -> Iterator[Gateways]:
    with mock_aws(), Gateways(running.invoke) as opened:
        yield opened


def client(url: str, **options: Any) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=30, **options)


@cache
def aws(name: str) -> Any:
    """A client takes half a second to make, and none of them keeps anything of moto."""
    return boto3.client(name, region_name="us-east-1")


@dataclass(frozen=True)
class HttpApiMaker:
    """Makes an HTTP API piece by piece; `$default` is its stage unless it is given another."""

    api_id: str
    call: Any

    @classmethod
    def new(cls, **options: Any) -> "HttpApiMaker":
        stage = {"StageName": "$default", "AutoDeploy": True, **options.pop("stage", {})}
        call = aws("apigatewayv2")
        made = cls(call.create_api(Name="tiny", ProtocolType="HTTP", **options)["ApiId"], call)
        call.create_stage(ApiId=made.api_id, **stage)
        return made

    def route(self, key: str, function: str, *, timeout_ms: int = 30_000, **options: Any) -> str:
        integration = self.call.create_integration(
            ApiId=self.api_id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=ARN.format(function),
            PayloadFormatVersion="2.0",
            TimeoutInMillis=timeout_ms,
        )
        target = f"integrations/{integration['IntegrationId']}"
        made: str = self.call.create_route(ApiId=self.api_id, RouteKey=key, Target=target, **options)["RouteId"]
        return made

    def jwt(self) -> dict[str, str]:
        """What a route needs to ask for a token."""
        authorizer = self.call.create_authorizer(
            ApiId=self.api_id,
            Name="tokens",
            AuthorizerType="JWT",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={"Issuer": ISSUER, "Audience": [AUDIENCE]},
        )
        return {"AuthorizationType": "JWT", "AuthorizerId": authorizer["AuthorizerId"]}


@dataclass(frozen=True)
class RestApiMaker:
    """Makes a REST API piece by piece; what is made is served once `deploy` was called."""

    api_id: str
    call: Any
    root: str

    @classmethod
    def new(cls, **options: Any) -> "RestApiMaker":
        call = aws("apigateway")
        made = call.create_rest_api(name="tiny", **options)
        return cls(made["id"], call, made["rootResourceId"])

    def resource(self, part: str, parent: str | None = None) -> str:
        made: str = self.call.create_resource(restApiId=self.api_id, parentId=parent or self.root, pathPart=part)["id"]
        return made

    def method(self, resource: str, method: str, function: str, *, key: bool = False, timeout_ms: int = 29_000) -> None:
        where = {"restApiId": self.api_id, "resourceId": resource, "httpMethod": method}
        self.call.put_method(**where, authorizationType="NONE", apiKeyRequired=key)
        uri = REST_URI.format(ARN.format(function))
        self.call.put_integration(
            **where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri, timeoutInMillis=timeout_ms
        )

    def deploy(self, stage: str = "prod") -> None:
        deployment = self.call.create_deployment(restApiId=self.api_id)["id"]
        if stage in [one["stageName"] for one in self.call.get_stages(restApiId=self.api_id)["item"]]:
            change = [{"op": "replace", "path": "/deploymentId", "value": deployment}]
            self.call.update_stage(restApiId=self.api_id, stageName=stage, patchOperations=change)
        else:
            self.call.create_stage(restApiId=self.api_id, stageName=stage, deploymentId=deployment)

    def key(self, *, enabled: bool = True) -> tuple[str, str]:
        """Its id and its value."""
        made = self.call.create_api_key(name="one", enabled=enabled)
        return made["id"], made["value"]

    def plan(self, *keys: str, stage: str = "prod", **options: Any) -> str:
        """A usage plan of a stage, with these keys in it."""
        stages = [{"apiId": self.api_id, "stage": stage}]
        plan: str = self.call.create_usage_plan(name="plan", apiStages=stages, **options)["id"]
        for key in keys:
            self.call.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
        return plan


def recorded(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def shape(value: Any) -> Any:
    """The members of an event and the types of their values, without the values."""
    if isinstance(value, dict):
        return {name: shape(of) for name, of in value.items()}
    return [shape(of) for of in value] if isinstance(value, list) else type(value).__name__
