"""The gateways of localaws in a process of their own, in front of one runtime, as `serinus up` has them.

python -m benchmarks.baselines.gateways SERVICE MODELS    (prints where they are; ends when stdin is closed)
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from moto import mock_aws

from benchmarks.baselines.lambda_path import HANDLER
from benchmarks.baselines.servers import ROOT
from localaws import tokens
from localaws.gateway import Gateways
from localaws.runtime import FunctionConfig, Runtime
from serinus.settings import PredictSettings

REGION = "us-east-1"
FUNCTION = f"arn:aws:lambda:{REGION}:123456789012:function:predict:live"
ISSUER, AUDIENCE = "https://auth.example.org", "benchmark"


@dataclass(frozen=True)
class Answered:
    body: bytes
    function_error: str | None


def main(service: str, models: str) -> None:
    settings = PredictSettings(service=Path(service), models=Path(models)).as_env()
    with mock_aws(), function(settings) as runtime:

        def invoke(_function: str, _qualifier: str | None, payload: bytes) -> Answered:
            done = runtime.invoke(json.loads(payload))
            return Answered(json.dumps(done.payload).encode(), done.function_error)

        with Gateways(invoke, region=REGION) as gateways:
            places = {"HTTP API": http_api(gateways), "REST API": rest_api(gateways)}
            sys.stdout.write(json.dumps(places) + "\n")
            sys.stdout.flush()
            sys.stdin.read()


@contextmanager
def function(settings: Mapping[str, str]) -> Iterator[Runtime]:
    config = FunctionConfig(HANDLER, name="predict", timeout_s=30, init_timeout_s=60, env=settings, cwd=ROOT)
    with Runtime(config) as runtime:
        yield runtime


def http_api(gateways: Gateways) -> Mapping[str, object]:
    """Every path asks for a token."""
    call = boto3.client("apigatewayv2", region_name=REGION)
    api = call.create_api(Name="benchmark", ProtocolType="HTTP")["ApiId"]
    call.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    source, rules = ["$request.header.Authorization"], {"Issuer": ISSUER, "Audience": [AUDIENCE]}
    authorizer = call.create_authorizer(
        ApiId=api, Name="tokens", AuthorizerType="JWT", IdentitySource=source, JwtConfiguration=rules
    )["AuthorizerId"]
    integration = call.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    target = f"integrations/{integration}"
    call.create_route(
        ApiId=api, RouteKey="ANY /{proxy+}", Target=target, AuthorizationType="JWT", AuthorizerId=authorizer
    )
    bearer = tokens.bearer(ISSUER, AUDIENCE)
    return {"url": gateways.open(api), "headers": {"Authorization": f"Bearer {bearer}"}}


def rest_api(gateways: Gateways) -> Mapping[str, object]:
    """Every path asks for a key, and counts."""
    call = boto3.client("apigateway", region_name=REGION)
    made = call.create_rest_api(name="benchmark", binaryMediaTypes=["*/*"])
    api, root = made["id"], made["rootResourceId"]
    proxy = call.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    where = {"restApiId": api, "resourceId": proxy, "httpMethod": "ANY"}
    call.put_method(**where, authorizationType="NONE", apiKeyRequired=True)
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
    call.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    deployment = call.create_deployment(restApiId=api)["id"]
    call.create_stage(restApiId=api, stageName="prod", deploymentId=deployment)
    key = call.create_api_key(name="benchmark", enabled=True)
    stages, throttle = [{"apiId": api, "stage": "prod"}], {"rateLimit": 1e6, "burstLimit": 1_000_000}
    plan = call.create_usage_plan(name="benchmark", apiStages=stages, throttle=throttle)["id"]
    call.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    return {"url": f"{gateways.open(api)}/prod", "headers": {"x-api-key": key["value"]}}


if __name__ == "__main__":
    main(*sys.argv[1:])
