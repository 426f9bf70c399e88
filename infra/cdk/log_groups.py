"""Log groups: encrypted, and kept for as long as the service says."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct


def log_group(scope: Construct, id: str, *, key: kms.IKey, days: int, is_kept: bool = False) -> logs.LogGroup:
    """is_kept: it outlives the stack."""
    removal = RemovalPolicy.RETAIN if is_kept else RemovalPolicy.DESTROY
    group = logs.LogGroup(scope, id, encryption_key=key, removal_policy=removal)
    resource = group.node.default_child
    assert isinstance(resource, logs.CfnLogGroup)
    resource.retention_in_days = days
    return group
