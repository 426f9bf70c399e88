"""The tables of a service: which models there are, what was deployed, and the features it looks up."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct


class Tables(Construct):
    """features: None where the service looks nothing up. They outlive the stack, and refuse to be deleted."""

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey, has_features: bool) -> None:
        super().__init__(scope, id)
        self._key = key
        self.registry = self._table("Registry", "registry", "entry")
        self.history = self._table("History", "service", "entry")  # entries begin with their time
        self.features = self._table("Features", "entity") if has_features else None

    def _table(self, id: str, partition: str, sort: str | None = None) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            id,
            partition_key=_text(partition),
            sort_key=_text(sort) if sort else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self._key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
