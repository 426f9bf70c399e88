"""AWS::ApiGateway::*: REST APIs, their resources, methods and stages."""

from collections.abc import Iterable, Mapping
from typing import Any

from localaws.formation.resources import Kind, Made, Properties, Resource, Wanted, put

SERVICE = "apigateway"
SETTINGS = {  # of a stage's methods: in the template, and as a path of update_stage
    "ThrottlingRateLimit": "throttling/rateLimit",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "MetricsEnabled": "metrics/enabled",
    "LoggingLevel": "logging/loglevel",
    "DataTraceEnabled": "logging/dataTrace",
    "CachingEnabled": "caching/enabled",
    "CacheTtlInSeconds": "caching/ttlInSeconds",
    "CacheDataEncrypted": "caching/dataEncrypted",
}
PLACE = ("RestApiId", "ResourceId", "HttpMethod")


def create_api(wanted: Wanted) -> Made:
    name = wanted.get("Name") or wanted.name()
    settings = wanted.but("Name", "Parameters", "Mode", "FailOnWarnings", "ApiKeySourceType")
    source = wanted.get("ApiKeySourceType", "HEADER")
    api = wanted.call(SERVICE, "create_rest_api", settings, name=name, apiKeySource=source)["id"]
    [root] = [one for one in wanted.client(SERVICE).get_resources(restApiId=api)["items"] if one["path"] == "/"]
    return Made(api, {"RestApiId": api, "RootResourceId": root["id"]})


def update_api(wanted: Wanted, before: Resource) -> Made:
    changes = [("name", wanted.get("Name")), ("description", wanted.get("Description"))]
    changes += [("minimumCompressionSize", wanted.get("MinimumCompressionSize"))]
    _patch(wanted, "update_rest_api", {"restApiId": before.made.ref}, changes)
    return before.made


def create_resource(wanted: Wanted) -> Made:
    number = str(wanted.call(SERVICE, "create_resource", wanted.properties)["id"])
    return Made(number, {"ResourceId": number})


def write_method(wanted: Wanted) -> Made:
    """A method with its integration; made anew when it changes."""
    place = _place(wanted)
    settings = wanted.but("Integration", "MethodResponses", *PLACE)
    wanted.call(SERVICE, "put_method", settings, **place)
    if integration := wanted.get("Integration"):
        responses = integration.get("IntegrationResponses", [])
        about = {name: part for name, part in integration.items() if name != "IntegrationResponses"}
        wanted.call(SERVICE, "put_integration", about, **place)
        _responses(wanted, "put_integration_response", responses)
    _responses(wanted, "put_method_response", wanted.get("MethodResponses", []))
    return Made(f"{place['restApiId']}-{place['resourceId']}-{place['httpMethod']}")


def update_method(wanted: Wanted, before: Resource) -> Made:
    delete_method(wanted, before.made)
    return write_method(wanted)


def delete_method(wanted: Wanted, _made: Made) -> None:
    wanted.client(SERVICE).delete_method(**_place(wanted))


def _place(wanted: Wanted) -> Mapping[str, str]:
    return {f"{name[0].lower()}{name[1:]}": wanted[name] for name in PLACE}


def _responses(wanted: Wanted, operation: str, responses: Iterable[Properties]) -> None:
    for response in responses:
        wanted.call(SERVICE, operation, response, **_place(wanted))


def create_deployment(wanted: Wanted) -> Made:
    number = str(wanted.call(SERVICE, "create_deployment", wanted.but("StageDescription"))["id"])
    return Made(number, {"DeploymentId": number})


def delete_deployment(wanted: Wanted, made: Made) -> None:
    wanted.client(SERVICE).delete_deployment(restApiId=wanted["RestApiId"], deploymentId=made.ref)


def create_stage(wanted: Wanted) -> Made:
    settings = wanted.but("MethodSettings", "AccessLogSetting")
    wanted.call(SERVICE, "create_stage", settings)
    _patch_stage(wanted, [])
    return Made(wanted["StageName"])


def update_stage(wanted: Wanted, before: Resource) -> Made:
    _patch_stage(wanted, [("/deploymentId", wanted["DeploymentId"]), ("/description", wanted.get("Description"))])
    return before.made


def _patch_stage(wanted: Wanted, changes: list[tuple[str, Any]]) -> None:
    for settings in wanted.get("MethodSettings", []):
        path = settings.get("ResourcePath", "/*")
        prefix = f"/{'*' if path == '/*' else path.replace('/', '~1')}/{settings.get('HttpMethod', '*')}"
        changes += [(f"{prefix}/{SETTINGS[name]}", settings[name]) for name in settings if name in SETTINGS]
    for name, value in (wanted.get("AccessLogSetting") or {}).items():
        changes.append((f"/accessLogSettings/{name[0].lower()}{name[1:]}", value))
    where = {"restApiId": wanted["RestApiId"], "stageName": wanted["StageName"]}
    _patch(wanted, "update_stage", where, changes)


def _patch(wanted: Wanted, operation: str, where: Mapping[str, str], changes: Iterable[tuple[str, Any]]) -> None:
    """REST APIs are changed by lists of patches, their values texts."""
    patches = [
        {"op": "replace", "path": path if path.startswith("/") else f"/{path}", "value": _text(value)}
        for path, value in changes
        if value is not None
    ]
    if patches:
        getattr(wanted.client(SERVICE), operation)(**where, patchOperations=patches)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def create_key(wanted: Wanted) -> Made:
    name = wanted.get("Name") or wanted.name()
    answer = wanted.call(SERVICE, "create_api_key", wanted.but("Name"), name=name)
    return Made(answer["id"], {"APIKeyId": answer["id"]})


def create_plan(wanted: Wanted) -> Made:
    name = wanted.get("UsagePlanName") or wanted.name()
    answer = wanted.call(SERVICE, "create_usage_plan", wanted.but("UsagePlanName"), name=name)
    return Made(answer["id"], {"Id": answer["id"]})


def update_plan(wanted: Wanted, before: Resource) -> Made:
    throttle, quota = wanted.get("Throttle", {}), wanted.get("Quota", {})
    changes = [("throttle/rateLimit", throttle.get("RateLimit")), ("throttle/burstLimit", throttle.get("BurstLimit"))]
    changes += [("quota/limit", quota.get("Limit")), ("quota/period", quota.get("Period"))]
    _patch(wanted, "update_usage_plan", {"usagePlanId": before.made.ref}, changes)
    return before.made


def add_key(wanted: Wanted) -> Made:
    wanted.call(SERVICE, "create_usage_plan_key", wanted.properties)
    return Made(f"{wanted['KeyId']}:{wanted['UsagePlanId']}", {"Id": f"{wanted['KeyId']}:{wanted['UsagePlanId']}"})


def remove_key(wanted: Wanted, _made: Made) -> None:
    wanted.client(SERVICE).delete_usage_plan_key(usagePlanId=wanted["UsagePlanId"], keyId=wanted["KeyId"])


def create_validator(wanted: Wanted) -> Made:
    name = wanted.get("Name") or wanted.name()
    number = str(wanted.call(SERVICE, "create_request_validator", wanted.but("Name"), name=name)["id"])
    return Made(number, {"RequestValidatorId": number})


def write_account(wanted: Wanted) -> Made:
    _patch(wanted, "update_account", {}, [("/cloudwatchRoleArn", wanted.get("CloudWatchRoleArn"))])
    return Made(f"{wanted.logical_id}-account", {"Id": f"{wanted.logical_id}-account"})


def write_response(wanted: Wanted) -> Made:
    wanted.call(SERVICE, "put_gateway_response", wanted.properties)
    return Made(f"{wanted['RestApiId']}-{wanted['ResponseType']}", {"Id": wanted["ResponseType"]})


def create_model(wanted: Wanted) -> Made:
    name = wanted.get("Name") or wanted.name().replace("-", "")
    wanted.call(SERVICE, "create_model", wanted.but("Name"), name=name)
    return Made(name)


KINDS = (
    Kind(
        "AWS::ApiGateway::RestApi",
        create_api,
        lambda wanted, made: wanted.client(SERVICE).delete_rest_api(restApiId=made.ref),
        update_api,
        frozenset({"BinaryMediaTypes", "ApiKeySourceType", "EndpointConfiguration"}),
    ),
    Kind(
        "AWS::ApiGateway::Resource",
        create_resource,
        lambda wanted, made: wanted.client(SERVICE).delete_resource(restApiId=wanted["RestApiId"], resourceId=made.ref),
    ),
    Kind("AWS::ApiGateway::Method", write_method, delete_method, update_method, frozenset(PLACE)),
    Kind("AWS::ApiGateway::Deployment", create_deployment, delete_deployment),
    Kind(
        "AWS::ApiGateway::Stage",
        create_stage,
        lambda wanted, made: wanted.client(SERVICE).delete_stage(restApiId=wanted["RestApiId"], stageName=made.ref),
        update_stage,
        frozenset({"RestApiId", "StageName"}),
    ),
    Kind(
        "AWS::ApiGateway::ApiKey",
        create_key,
        lambda wanted, made: wanted.client(SERVICE).delete_api_key(apiKey=made.ref),
    ),
    Kind(
        "AWS::ApiGateway::UsagePlan",
        create_plan,
        lambda wanted, made: wanted.client(SERVICE).delete_usage_plan(usagePlanId=made.ref),
        update_plan,
    ),
    Kind("AWS::ApiGateway::UsagePlanKey", add_key, remove_key),
    Kind(
        "AWS::ApiGateway::RequestValidator",
        create_validator,
        lambda wanted, made: wanted.client(SERVICE).delete_request_validator(
            restApiId=wanted["RestApiId"], requestValidatorId=made.ref
        ),
    ),
    put("AWS::ApiGateway::Account", write_account, lambda _wanted, _made: None),
    put(
        "AWS::ApiGateway::GatewayResponse",
        write_response,
        lambda wanted, _made: wanted.client(SERVICE).delete_gateway_response(
            restApiId=wanted["RestApiId"], responseType=wanted["ResponseType"]
        ),
        "RestApiId",
        "ResponseType",
    ),
    Kind(
        "AWS::ApiGateway::Model",
        create_model,
        lambda wanted, made: wanted.client(SERVICE).delete_model(restApiId=wanted["RestApiId"], modelName=made.ref),
    ),
)
