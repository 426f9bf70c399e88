"""The key that encrypts what a service keeps: logs, tables, objects, messages, settings."""

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

# Everything that can be done with a key, one by one, so that no policy of ours says kms:*.
ADMINISTRATION = (
    "CancelKeyDeletion", "CreateAlias", "CreateGrant", "DeleteAlias", "DescribeKey", "DisableKey", "DisableKeyRotation",
    "EnableKey", "EnableKeyRotation", "GetKeyPolicy", "GetKeyRotationStatus", "ListGrants", "ListKeyPolicies",
    "ListKeyRotations", "ListResourceTags", "PutKeyPolicy", "RetireGrant", "RevokeGrant", "RotateKeyOnDemand",
    "ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateAlias", "UpdateKeyDescription",
)  # fmt: skip
USE = ("Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo")


class ServiceKey(Construct):
    """What is encrypted with it outlives the stack, so it does too."""

    def __init__(self, scope: Construct, id: str, *, service: str) -> None:
        super().__init__(scope, id)
        self.key = kms.Key(
            self,
            "Key",
            description=f"What Serinus service {service} keeps",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN,
            policy=iam.PolicyDocument(statements=[_account(), _logs(), _alarms()]),
        )


def _account() -> iam.PolicyStatement:
    """Policies of the account's users and roles decide, as they do for everything else in it."""
    return _allowed("Account", [*ADMINISTRATION, *USE], iam.AccountRootPrincipal(), {})


def _logs() -> iam.PolicyStatement:
    groups = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:*"
    of_here = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}}
    principal = iam.ServicePrincipal(f"logs.{Aws.REGION}.amazonaws.com")
    return _allowed("Logs", [*USE, "DescribeKey"], principal, of_here)


def _alarms() -> iam.PolicyStatement:
    """Alarms publish to the topic, which is encrypted."""
    of_here = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
    principal = iam.ServicePrincipal("cloudwatch.amazonaws.com")
    return _allowed("Alarms", ["Decrypt", "GenerateDataKey"], principal, of_here)


def _allowed(
    sid: str, actions: list[str], principal: iam.IPrincipal, conditions: dict[str, dict[str, str]]
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid,
        actions=[f"kms:{action}" for action in actions],
        principals=[principal],
        resources=["*"],  # in a key's policy: this key
        conditions=conditions,
    )
