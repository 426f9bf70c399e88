"""Roles of our own, with just the rights that are written beside them."""

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from constructs import Construct


def may(actions: Sequence[str], *resources: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=[*actions], resources=[*resources])


def role_of(scope: Construct, id: str, service: str, rights: Sequence[iam.PolicyStatement]) -> iam.Role:
    """For an AWS service that acts for this account. The rights are part of the role: who waits for it has them."""
    of_here = {"ArnLike": {"aws:SourceArn": f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:*"}}
    principal = iam.ServicePrincipal(f"{service}.amazonaws.com", conditions=of_here)
    document = iam.PolicyDocument(statements=[*rights])
    return iam.Role(scope, id, assumed_by=principal, inline_policies={"Rights": document})
