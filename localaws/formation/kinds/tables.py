"""AWS::DynamoDB::*: tables. A global table is one table here: it has a replica in one region only."""

from collections.abc import Mapping
from typing import Any

from localaws.formation.intrinsics import TemplateError
from localaws.formation.resources import Kind, Made, Properties, Resource, Wanted

AFTERWARDS = ("TimeToLiveSpecification", "PointInTimeRecoverySpecification", "SSESpecification")
UPDATED = ("BillingMode", "ProvisionedThroughput", "StreamSpecification", "DeletionProtectionEnabled", "TableClass")
OF_A_REPLICA = ("DeletionProtectionEnabled", "PointInTimeRecoverySpecification", "Tags", "TableClass")


def create_table(wanted: Wanted) -> Made:
    return _create(wanted, wanted.properties)


def create_global_table(wanted: Wanted) -> Made:
    return _create(wanted, _as_table(wanted))


def update_table(wanted: Wanted, before: Resource) -> Made:
    return _update(wanted, wanted.properties, before)


def update_global_table(wanted: Wanted, before: Resource) -> Made:
    return _update(wanted, _as_table(wanted), before)


def _create(wanted: Wanted, properties: Properties) -> Made:
    name = properties.get("TableName") or wanted.name(255)
    settings = {key: value for key, value in properties.items() if key not in (*AFTERWARDS, "TableName")}
    encryption = _encryption(properties)
    table = wanted.call("dynamodb", "create_table", settings, TableName=name, **encryption)["TableDescription"]
    _configure(wanted, name, properties)
    streams = {"StreamArn": table["LatestStreamArn"]} if "LatestStreamArn" in table else {}
    return Made(name, {"Arn": table["TableArn"], "TableId": table.get("TableId", name), **streams})


def _update(wanted: Wanted, properties: Properties, before: Resource) -> Made:
    name = before.made.ref
    changes = {key: properties[key] for key in UPDATED if key in properties}
    if changes:
        wanted.call("dynamodb", "update_table", changes, TableName=name)
    _configure(wanted, name, properties)
    return before.made


def _configure(wanted: Wanted, name: str, properties: Properties) -> None:
    dynamodb = wanted.client("dynamodb")
    lifetime = properties.get("TimeToLiveSpecification")
    now = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if lifetime and (now["TimeToLiveStatus"] == "ENABLED") is not bool(lifetime["Enabled"]):
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=lifetime)
    recovery = properties.get("PointInTimeRecoverySpecification")
    if recovery:
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)


def _encryption(properties: Properties) -> Mapping[str, Any]:
    about = properties.get("SSESpecification")
    if not about or not about.get("SSEEnabled"):
        return {}
    named = {"KMSMasterKeyId": about["KMSMasterKeyId"]} if "KMSMasterKeyId" in about else {}
    return {"SSESpecification": {"Enabled": True, "SSEType": about.get("SSEType", "KMS"), **named}}


def _as_table(wanted: Wanted) -> Properties:
    """The one replica's settings beside the table's."""
    replicas = wanted["Replicas"]
    if [replica["Region"] for replica in replicas] != [wanted.region]:
        raise TemplateError(f"Replicas: only one in {wanted.region} is supported here")
    [replica] = replicas
    encryption = {**wanted.get("SSESpecification", {}), **replica.get("SSESpecification", {})}
    mine = {name: replica[name] for name in OF_A_REPLICA if name in replica}
    return {**wanted.but("Replicas", "SSESpecification"), **mine, "SSESpecification": encryption}


def delete_table(wanted: Wanted, made: Made) -> None:
    wanted.client("dynamodb").delete_table(TableName=made.ref)


FIXED = frozenset({"TableName", "KeySchema", "AttributeDefinitions", "LocalSecondaryIndexes"})
KINDS = (
    Kind("AWS::DynamoDB::Table", create_table, delete_table, update_table, FIXED),
    Kind("AWS::DynamoDB::GlobalTable", create_global_table, delete_table, update_global_table, FIXED),
)
