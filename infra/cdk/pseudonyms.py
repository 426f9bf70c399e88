"""The secret that makes pseudonyms of the people a service is about."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.cdk.nag import acknowledge
from serinus.service import Service

SECRET = "SERINUS_AUDIT_SECRET"
LENGTH = 64
UNCHANGED = {
    "AwsSolutions::AwsSolutions-SMG4": "rotated, it would make another person of everybody in the audit records"
}


def give_pseudonyms(scope: Construct, function: lambda_.Function, service: Service, *, key: kms.IKey) -> None:
    """It outlives the stack: with another secret nobody could tell that two records are of one person."""
    if not service.privacy.personal:
        return
    secret = secretsmanager.CfnSecret(  # CDK's richer one would give the whole account rights by stars on the key
        scope,
        "Pseudonyms",
        description=f"Makes pseudonyms in the audit records of {service.name}",
        kms_key_id=key.key_arn,
        generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
            password_length=LENGTH, exclude_punctuation=True
        ),
    )
    secret.apply_removal_policy(RemovalPolicy.RETAIN)
    acknowledge(secret, UNCHANGED)
    function.add_environment(SECRET, secret.ref)
    function.add_to_role_policy(iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[secret.ref]))
