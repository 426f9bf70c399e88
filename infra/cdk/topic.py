"""Where alarms go: whoever should know of them subscribes."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct


def alarm_topic(scope: Construct, id: str, *, key: kms.IKey) -> sns.Topic:
    return sns.Topic(scope, id, master_key=key, enforce_ssl=True)
