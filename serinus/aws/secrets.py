"""Texts that are kept in AWS Secrets Manager."""

import boto3
from botocore.config import Config

from serinus.aws.failures import told
from serinus.errors import ServiceError

ARN = "arn:"
CONFIG = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})


def secret_text(secret: str) -> str:
    """What is current of the secret of that name or ARN, without the white space around it that editors leave."""
    region = secret.split(":")[3] if secret.startswith(ARN) and secret.count(":") > 3 else None
    with told(f"read secret {secret}", ServiceError):
        client = boto3.client("secretsmanager", region_name=region, config=CONFIG)
        value = client.get_secret_value(SecretId=secret)
    if "SecretString" not in value:
        raise ServiceError(f"secret {secret} holds bytes, expected a text")
    return str(value["SecretString"]).strip()
