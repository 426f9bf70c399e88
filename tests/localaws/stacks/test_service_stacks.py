"""The templates of the services, as `cdk synth` writes them, from creation to deletion."""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.stacks.conftest import Client, Stack


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], dict[str, Any]]:
    """The sections of a service's template with an image of this digest."""
    if shutil.which("node") is None:
        pytest.skip("NODE.JS MISSING: stacks cannot be synthesised; install Node.js 22 or later")
    folder: Path = tmp_path_factory.mktemp("synth")

    @cache
    def made(service: str, digit: str) -> dict[str, Any]:
        from infra.cdk.app import synth

        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("CDK_VALIDATION", "false")
            template = synth(service, f"serinus/any@sha256:{digit * 64}", folder / f"{service}-{digit}")
        read: dict[str, Any] = json.loads(template.read_text())
        return read

    return made


def put(stack: Stack, operation: str, template: dict[str, Any]) -> str:
    sections = {name: section for name, section in template.items() if name != "Resources"}
    status: str = getattr(stack, operation)(template["Resources"], **sections)
    return status


def failures(stack: Stack) -> list[tuple[str, str, str]]:
    return stack.events("CREATE_FAILED") + stack.events("UPDATE_FAILED")


@pytest.mark.parametrize("service", ["kepler", "iit", "nuru"])
def test_a_service_is_created_as_it_says_changed_and_deleted(aws, stack, resources, service):
    assert put(stack, "create", resources(service, "a")) == "CREATE_COMPLETE", failures(stack)
    wanted = resources(service, "a")["Resources"]
    assert sorted(stack.ids) == sorted(wanted)

    outputs, lambdas = stack.outputs, aws("lambda")
    SAYS[service](aws, stack, resources(service, "a"))
    assert (outputs["LatestVersion"], outputs["AliasName"]) == ("1", "live")
    changed = resources(service, "b")
    assert put(stack, "update", changed) == "UPDATE_COMPLETE", failures(stack)
    assert stack.outputs == {**outputs, "LatestVersion": "2"}
    images = {
        name: lambdas.get_function(FunctionName=outputs["FunctionName"], Qualifier=name)["Code"]["ImageUri"][-64:]
        for name in ("1", "2", "live")
    }
    assert images == {"1": "a" * 64, "2": "b" * 64, "live": "a" * 64}

    aws("cloudformation").delete_stack(StackName=stack.name)
    assert outputs["DataBucket"] in {one["Name"] for one in aws("s3").list_buckets()["Buckets"]}
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        lambdas.get_function(FunctionName=outputs["FunctionName"])


def of_type(stack: Stack, template: dict[str, Any], kind: str) -> str:
    [name] = [name for name, one in template["Resources"].items() if one["Type"] == kind]
    return stack.ids[name]


def takes_tokens(aws: Client, stack: Stack, template: dict[str, Any]) -> None:
    api = of_type(stack, template, "AWS::ApiGatewayV2::Api")
    authorizer = of_type(stack, template, "AWS::ApiGatewayV2::Authorizer")
    jwt = aws("apigatewayv2").get_authorizer(ApiId=api, AuthorizerId=authorizer)["JwtConfiguration"]
    assert jwt == {"Issuer": "https://auth.example.org", "Audience": ["kepler"]}


def takes_keys_and_has_a_secret(aws: Client, stack: Stack, template: dict[str, Any]) -> None:
    key = stack.outputs["ApiKeyId"]
    assert aws("apigateway").get_api_key(apiKey=key, includeValue=True)["enabled"]
    [plan] = aws("apigateway").get_usage_plans(keyId=key)["items"]
    [stage] = plan["apiStages"]
    assert (stage["apiId"], stage["stage"]) == (of_type(stack, template, "AWS::ApiGateway::RestApi"), "prod")
    function = aws("lambda").get_function_configuration(FunctionName=stack.outputs["FunctionName"])
    secret = function["Environment"]["Variables"]["SERINUS_AUDIT_SECRET"]
    assert len(aws("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]) == 64


def has_a_table_of_features(aws: Client, stack: Stack, template: dict[str, Any]) -> None:
    table = stack.outputs["FeatureTable"]
    function = aws("lambda").get_function_configuration(FunctionName=stack.outputs["FunctionName"])
    assert function["Environment"]["Variables"]["SERINUS_FEATURES_ADDRESS"] == f"dynamodb://{table}"
    assert aws("dynamodb").describe_table(TableName=table)["Table"]["SSEDescription"]["SSEType"] == "KMS"


SAYS = {"kepler": takes_tokens, "iit": takes_keys_and_has_a_secret, "nuru": has_a_table_of_features}
