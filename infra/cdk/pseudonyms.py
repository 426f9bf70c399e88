"""The secret that makes pseudonyms of the people a service is about."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from serinus.service import Service

SECRET = "SERINUS_AUDIT_SECRET"
LENGTH = 64


def give_pseudonyms(scope: Construct, function: lambda_.Function, service: Service, *, key: kms.IKey) -> None:
    """It outlives the stack: with another secret nobody could tell that two records are of one person."""
    if not service.privacy.personal:
        return
    secret = secretsmanager.Secret(
        scope,
        "Pseudonyms",
        description=f"Makes pseudonyms in the audit records of {service.name}",
        encryption_key=key,
        generate_secret_string=secretsmanager.SecretStringGenerator(password_length=LENGTH, exclude_punctuation=True),
        removal_policy=RemovalPolicy.RETAIN,
    )
    function.add_environment(SECRET, secret.secret_arn)
    function.add_to_role_policy(
        iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[secret.secret_arn])
    )
