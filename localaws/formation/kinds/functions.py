"""AWS::Lambda::*: functions, published versions, aliases, who may invoke them and what becomes of failed events."""

from collections.abc import Mapping
from typing import Any

from localaws.formation.intrinsics import TemplateError
from localaws.formation.resources import Kind, Made, Resource, Wanted, put

ELSEWHERE = ("Code", "Tags", "ReservedConcurrentExecutions", "RuntimeManagementConfig", "CodeSigningConfigArn")


def create_function(wanted: Wanted) -> Made:
    """CloudFormation publishes no version by itself, whatever the API could do."""
    name = wanted.get("FunctionName") or wanted.name(64)
    settings = {**wanted.but(*ELSEWHERE, "FunctionName"), **wanted.only("Tags")}
    answer = wanted.call("lambda", "create_function", settings, FunctionName=name, Code=_code(wanted))
    _reserve(wanted, name)
    return Made(name, {"Arn": answer["FunctionArn"]})


def update_function(wanted: Wanted, before: Resource) -> Made:
    name, made = before.made.ref, before.made
    lambdas = wanted.client("lambda")
    settings = wanted.but(*ELSEWHERE, "FunctionName", "PackageType", "Architectures")
    if settings != {name: before.properties.get(name) for name in settings}:
        wanted.call("lambda", "update_function_configuration", settings, FunctionName=name)
    code = {**_code(wanted), "Architectures": wanted.get("Architectures", ["x86_64"])}
    if any(wanted.get(part) != before.properties.get(part) for part in ("Code", "Architectures")):
        lambdas.update_function_code(FunctionName=name, **code)
    _reserve(wanted, name)
    return made


def _code(wanted: Wanted) -> Mapping[str, Any]:
    code: Mapping[str, Any] = wanted["Code"]
    if "ZipFile" in code:
        raise TemplateError("Code.ZipFile: functions of source text are not supported here, only images")
    return code


def _reserve(wanted: Wanted, name: str) -> None:
    lambdas = wanted.client("lambda")
    reserved = wanted.get("ReservedConcurrentExecutions")
    if reserved is not None:
        lambdas.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(reserved))
    elif "ReservedConcurrentExecutions" in lambdas.get_function(FunctionName=name).get("Concurrency", {}):
        lambdas.delete_function_concurrency(FunctionName=name)


def publish(wanted: Wanted) -> Made:
    """A version that would be the one before it is a mistake in the template, and CloudFormation says so."""
    function, lambdas = wanted["FunctionName"], wanted.client("lambda")
    pages = lambdas.get_paginator("list_versions_by_function").paginate(FunctionName=function)
    there = {version["Version"] for page in pages for version in page["Versions"]}
    settings = wanted.but("ProvisionedConcurrencyConfig", "RuntimePolicy")
    version = wanted.call("lambda", "publish_version", settings)
    number, arn = version["Version"], version["FunctionArn"]
    if number in there:
        raise TemplateError(
            f"A version for this Lambda function exists ( {number} ). Modify the function to create a new version."
        )
    if provisioned := wanted.get("ProvisionedConcurrencyConfig"):
        wanted.call(
            "lambda", "put_provisioned_concurrency_config", provisioned, FunctionName=function, Qualifier=number
        )
    return Made(arn, {"Version": number, "FunctionArn": arn})


def unpublish(wanted: Wanted, made: Made) -> None:
    wanted.client("lambda").delete_function(
        FunctionName=wanted["FunctionName"], Qualifier=str(made.attributes["Version"])
    )


def create_alias(wanted: Wanted) -> Made:
    settings = wanted.but("RoutingConfig", "ProvisionedConcurrencyConfig")
    answer = wanted.call("lambda", "create_alias", settings, RoutingConfig=_weights(wanted))
    _provision(wanted)
    return Made(answer["AliasArn"], {"AliasArn": answer["AliasArn"]})


def update_alias(wanted: Wanted, before: Resource) -> Made:
    settings = wanted.but("RoutingConfig", "ProvisionedConcurrencyConfig")
    wanted.call("lambda", "update_alias", settings, RoutingConfig=_weights(wanted))
    _provision(wanted)
    return before.made


def _weights(wanted: Wanted) -> Mapping[str, Mapping[str, float]]:
    """CloudFormation lists what the API maps."""
    listed = (wanted.get("RoutingConfig") or {}).get("AdditionalVersionWeights", [])
    return {"AdditionalVersionWeights": {one["FunctionVersion"]: float(one["FunctionWeight"]) for one in listed}}


def _provision(wanted: Wanted) -> None:
    if provisioned := wanted.get("ProvisionedConcurrencyConfig"):
        wanted.call(
            "lambda",
            "put_provisioned_concurrency_config",
            provisioned,
            FunctionName=wanted["FunctionName"],
            Qualifier=wanted["Name"],
        )


def permit(wanted: Wanted) -> Made:
    """The id of the statement is CloudFormation's choice, and what Ref answers."""
    statement = wanted.name(64)
    function, qualifier = _qualified(wanted["FunctionName"])
    more = {"Qualifier": qualifier} if qualifier else {}
    settings = wanted.but("FunctionName")
    wanted.call("lambda", "add_permission", settings, FunctionName=function, StatementId=statement, **more)
    return Made(statement, {"Id": statement})


def forbid(wanted: Wanted, made: Made) -> None:
    function, qualifier = _qualified(wanted["FunctionName"])
    more = {"Qualifier": qualifier} if qualifier else {}
    wanted.client("lambda").remove_permission(FunctionName=function, StatementId=made.ref, **more)


def _qualified(function: str) -> tuple[str, str | None]:
    """A permission may name an alias or a version by its ARN."""
    if not function.startswith("arn:"):
        return function, None
    name, _, qualifier = function.split(":function:")[1].partition(":")
    return name, qualifier or None


def on_event(wanted: Wanted) -> Made:
    answer = wanted.call("lambda", "put_function_event_invoke_config", wanted.properties)
    return Made(f"{answer['FunctionArn']}|{wanted['Qualifier']}")


def no_event(wanted: Wanted, _made: Made) -> None:
    wanted.client("lambda").delete_function_event_invoke_config(
        FunctionName=wanted["FunctionName"], Qualifier=wanted["Qualifier"]
    )


def map_source(wanted: Wanted) -> Made:
    answer = wanted.call("lambda", "create_event_source_mapping", wanted.properties)
    return Made(answer["UUID"], {"Id": answer["UUID"]})


KINDS = (
    Kind(
        "AWS::Lambda::Function",
        create_function,
        lambda wanted, made: wanted.client("lambda").delete_function(FunctionName=made.ref),
        update_function,
        frozenset({"FunctionName", "PackageType"}),
    ),
    Kind("AWS::Lambda::Version", publish, unpublish),
    Kind(
        "AWS::Lambda::Alias",
        create_alias,
        lambda wanted, _made: wanted.client("lambda").delete_alias(
            FunctionName=wanted["FunctionName"], Name=wanted["Name"]
        ),
        update_alias,
        frozenset({"FunctionName", "Name"}),
    ),
    Kind("AWS::Lambda::Permission", permit, forbid),
    put("AWS::Lambda::EventInvokeConfig", on_event, no_event, "FunctionName", "Qualifier"),
    Kind(
        "AWS::Lambda::EventSourceMapping",
        map_source,
        lambda wanted, made: wanted.client("lambda").delete_event_source_mapping(UUID=made.ref),
    ),
)
