"""AWS::IAM::*, AWS::KMS::* and AWS::SecretsManager::*: roles, keys, secrets. Policies are kept, nothing obeys them."""

import json
from collections.abc import Mapping
from typing import Any

from localaws.formation.resources import Kind, Made, Resource, Wanted, put

GENERATED = ("SecretStringTemplate", "GenerateStringKey")


def create_role(wanted: Wanted) -> Made:
    name = wanted.get("RoleName") or wanted.name(64)
    settings = wanted.but("RoleName", "Policies", "ManagedPolicyArns")
    role = wanted.call("iam", "create_role", settings, RoleName=name)["Role"]
    _attach(wanted, name)
    return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def update_role(wanted: Wanted, before: Resource) -> Made:
    name = before.made.ref
    _detach(wanted, name)
    document = json.dumps(wanted["AssumeRolePolicyDocument"])
    wanted.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=document)
    _attach(wanted, name)
    return before.made


def delete_role(wanted: Wanted, made: Made) -> None:
    _detach(wanted, made.ref)
    wanted.client("iam").delete_role(RoleName=made.ref)


def _attach(wanted: Wanted, name: str) -> None:
    iam = wanted.client("iam")
    for policy in wanted.get("Policies", []):
        document = json.dumps(policy["PolicyDocument"])
        iam.put_role_policy(RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document)
    for arn in wanted.get("ManagedPolicyArns", []):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)


def _detach(wanted: Wanted, name: str) -> None:
    """The policies of the role's own, not those that AWS::IAM::Policy resources gave it."""
    iam = wanted.client("iam")
    there = set(iam.list_role_policies(RoleName=name)["PolicyNames"])
    for policy in wanted.get("Policies", []):
        if policy["PolicyName"] in there:
            iam.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])


def write_policy(wanted: Wanted) -> Made:
    document = json.dumps(wanted["PolicyDocument"])
    for role in wanted.get("Roles", []):
        wanted.client("iam").put_role_policy(RoleName=role, PolicyName=wanted["PolicyName"], PolicyDocument=document)
    return Made(wanted["PolicyName"])


def delete_policy(wanted: Wanted, _made: Made) -> None:
    for role in wanted.get("Roles", []):
        wanted.client("iam").delete_role_policy(RoleName=role, PolicyName=wanted["PolicyName"])


def create_managed_policy(wanted: Wanted) -> Made:
    name = wanted.get("ManagedPolicyName") or wanted.name(128)
    settings = wanted.but("ManagedPolicyName", "Roles", "Users", "Groups")
    arn = wanted.call("iam", "create_policy", settings, PolicyName=name)["Policy"]["Arn"]
    for role in wanted.get("Roles", []):
        wanted.client("iam").attach_role_policy(RoleName=role, PolicyArn=arn)
    return Made(arn, {"PolicyArn": arn})


def delete_managed_policy(wanted: Wanted, made: Made) -> None:
    for role in wanted.get("Roles", []):
        wanted.client("iam").detach_role_policy(RoleName=role, PolicyArn=made.ref)
    wanted.client("iam").delete_policy(PolicyArn=made.ref)


def create_key(wanted: Wanted) -> Made:
    settings = wanted.but("EnableKeyRotation", "KeyPolicy", "PendingWindowInDays", "RotationPeriodInDays", "Enabled")
    key = wanted.call("kms", "create_key", {**settings, "Policy": wanted["KeyPolicy"]})["KeyMetadata"]
    if str(wanted.get("EnableKeyRotation", "")).lower() == "true":
        wanted.client("kms").enable_key_rotation(KeyId=key["KeyId"])
    return Made(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})


def update_key(wanted: Wanted, before: Resource) -> Made:
    policy = json.dumps(wanted["KeyPolicy"])
    wanted.client("kms").put_key_policy(KeyId=before.made.ref, PolicyName="default", Policy=policy)
    return before.made


def create_key_alias(wanted: Wanted) -> Made:
    wanted.call("kms", "create_alias", wanted.properties)
    return Made(wanted["AliasName"])


def create_secret(wanted: Wanted) -> Made:
    name = wanted.get("Name") or wanted.name(64)
    text = wanted.get("SecretString") or _generated(wanted, wanted.get("GenerateSecretString"))
    settings = wanted.but("Name", "SecretString", "GenerateSecretString", "ReplicaRegions")
    arn = wanted.call("secretsmanager", "create_secret", settings, Name=name, SecretString=text)["ARN"]
    return Made(arn, {"Id": arn})


def update_secret(wanted: Wanted, before: Resource) -> Made:
    """Changed rules of a generated secret make a new one; a changed description does not."""
    more = {}
    if wanted.get("SecretString") != before.properties.get("SecretString"):
        more = {"SecretString": wanted["SecretString"]}
    elif wanted.get("GenerateSecretString") != before.properties.get("GenerateSecretString"):
        more = {"SecretString": _generated(wanted, wanted.get("GenerateSecretString"))}
    description = wanted.get("Description", "")
    wanted.client("secretsmanager").update_secret(SecretId=before.made.ref, Description=description, **more)
    return before.made


def _generated(wanted: Wanted, rules: Mapping[str, Any] | None) -> str:
    """A password by itself, or under a key of a JSON text."""
    plain = {name: value for name, value in (rules or {}).items() if name not in GENERATED}
    password = str(wanted.call("secretsmanager", "get_random_password", plain)["RandomPassword"])
    if not rules or "GenerateStringKey" not in rules:
        return password
    return json.dumps({**json.loads(rules["SecretStringTemplate"]), rules["GenerateStringKey"]: password})


KINDS = (
    Kind("AWS::IAM::Role", create_role, delete_role, update_role, frozenset({"RoleName", "Path"})),
    put("AWS::IAM::Policy", write_policy, delete_policy, "PolicyName", "Roles"),
    Kind("AWS::IAM::ManagedPolicy", create_managed_policy, delete_managed_policy),
    Kind(
        "AWS::KMS::Key",
        create_key,
        lambda wanted, made: wanted.client("kms").schedule_key_deletion(KeyId=made.ref, PendingWindowInDays=7),
        update_key,
        frozenset({"KeySpec", "KeyUsage", "MultiRegion"}),
    ),
    Kind(
        "AWS::KMS::Alias",
        create_key_alias,
        lambda wanted, made: wanted.client("kms").delete_alias(AliasName=made.ref),
    ),
    Kind(
        "AWS::SecretsManager::Secret",
        create_secret,
        lambda wanted, made: wanted.client("secretsmanager").delete_secret(
            SecretId=made.ref, ForceDeleteWithoutRecovery=True
        ),
        update_secret,
        frozenset({"Name"}),
    ),
)
