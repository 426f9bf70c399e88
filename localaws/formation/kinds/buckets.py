"""AWS::S3::*: buckets, each setting of them by a call of its own."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from localaws.formation.calls import fitted
from localaws.formation.resources import Kind, Made, Resource, Wanted, put


def create_bucket(wanted: Wanted) -> Made:
    name = wanted.get("BucketName") or wanted.name(63).lower()
    where = {} if wanted.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": wanted.region}}
    ownership = [rule["ObjectOwnership"] for rule in (wanted.get("OwnershipControls") or {}).get("Rules", [])]
    more = {"ObjectOwnership": ownership[0]} if ownership else {}
    wanted.client("s3").create_bucket(Bucket=name, **where, **more)
    _configure(wanted, name)
    domain = f"{name}.s3"
    return Made(
        name,
        {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{domain}.amazonaws.com",
            "RegionalDomainName": f"{domain}.{wanted.region}.amazonaws.com",
        },
    )


def update_bucket(wanted: Wanted, before: Resource) -> Made:
    _configure(wanted, before.made.ref)
    return before.made


def _configure(wanted: Wanted, name: str) -> None:
    for setting, (operation, argument, form) in SETTINGS.items():
        if setting in wanted.properties:
            s3 = wanted.client("s3")
            shape = s3.meta.service_model.operation_model(s3.meta.method_to_api_mapping[operation]).input_shape
            value = fitted(form(wanted[setting]), shape.members[argument])
            getattr(s3, operation)(Bucket=name, **{argument: value})


def _rules(lifecycle: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"Rules": [_rule(rule) for rule in lifecycle["Rules"]]}


def _rule(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    """The template's flat rules in the API's nested form."""
    days = {
        "Expiration": ("Days", rule.get("ExpirationInDays")),
        "NoncurrentVersionExpiration": ("NoncurrentDays", rule.get("NoncurrentVersionExpirationInDays")),
    }
    nested = {name: {unit: int(number)} for name, (unit, number) in days.items() if number is not None}
    if "ExpiredObjectDeleteMarker" in rule:
        nested["Expiration"] = {**nested.get("Expiration", {}), "ExpiredObjectDeleteMarker": True}
    flat = (
        "Status",
        "Id",
        "AbortIncompleteMultipartUpload",
        "NoncurrentVersionExpiration",
        "NoncurrentVersionTransitions",
    )
    same = {name: rule[name] for name in flat if name in rule}
    moves = [
        {"StorageClass": move["StorageClass"], "Days": int(move["TransitionInDays"])}
        for move in rule.get("Transitions", [])
    ]
    more = {"Transitions": moves} if moves else {}
    return {"Filter": {"Prefix": rule.get("Prefix", "")}, **same, **nested, **more}


def _encryption(about: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "Rules": [
            {_by_default(name): value for name, value in rule.items()}
            for rule in about["ServerSideEncryptionConfiguration"]
        ]
    }


def _by_default(name: str) -> str:
    return "ApplyServerSideEncryptionByDefault" if name == "ServerSideEncryptionByDefault" else name


def _logging(about: Mapping[str, Any]) -> Mapping[str, Any]:
    target = {"TargetBucket": about["DestinationBucketName"], "TargetPrefix": about.get("LogFilePrefix", "")}
    return {"LoggingEnabled": target}


def _notifications(about: Mapping[str, Any]) -> Mapping[str, Any]:
    """CloudFormation asks whether EventBridge is told; the API wants an empty structure."""
    bridge = about.get("EventBridgeConfiguration", {})
    told = str(bridge.get("EventBridgeEnabled", True)).lower() == "true"
    more = {name: value for name, value in about.items() if name != "EventBridgeConfiguration"}
    return {**more, **({"EventBridgeConfiguration": {}} if bridge and told else {})}


def _same(about: Mapping[str, Any]) -> Mapping[str, Any]:
    return about


def _tags(tags: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"TagSet": tags}


SETTINGS: Mapping[str, tuple[str, str, Callable[[Any], Mapping[str, Any]]]] = {
    "BucketEncryption": ("put_bucket_encryption", "ServerSideEncryptionConfiguration", _encryption),
    "LifecycleConfiguration": ("put_bucket_lifecycle_configuration", "LifecycleConfiguration", _rules),
    "LoggingConfiguration": ("put_bucket_logging", "BucketLoggingStatus", _logging),
    "NotificationConfiguration": ("put_bucket_notification_configuration", "NotificationConfiguration", _notifications),
    "PublicAccessBlockConfiguration": ("put_public_access_block", "PublicAccessBlockConfiguration", _same),
    "VersioningConfiguration": ("put_bucket_versioning", "VersioningConfiguration", _same),
    "Tags": ("put_bucket_tagging", "Tagging", _tags),
}


def write_policy(wanted: Wanted) -> Made:
    wanted.client("s3").put_bucket_policy(Bucket=wanted["Bucket"], Policy=json.dumps(wanted["PolicyDocument"]))
    return Made(wanted["Bucket"])


KINDS = (
    Kind(
        "AWS::S3::Bucket",
        create_bucket,
        lambda wanted, made: wanted.client("s3").delete_bucket(Bucket=made.ref),
        update_bucket,
        frozenset({"BucketName"}),
    ),
    put(
        "AWS::S3::BucketPolicy",
        write_policy,
        lambda wanted, made: wanted.client("s3").delete_bucket_policy(Bucket=made.ref),
        "Bucket",
    ),
)
