"""The bucket of a service, for bulk jobs and the prediction log; and the one that says who read it."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

KEPT_DAYS = 365
OLD_VERSIONS_DAYS = 30
STRAYS_DAYS = 7


class Buckets(Construct):
    """Both outlive the stack."""

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey) -> None:
        super().__init__(scope, id)
        self.access_logs = s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,  # S3 delivers access logs into no bucket with a key of ours
            versioned=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=[_cleaned("access-logs", expiration=Duration.days(KEPT_DAYS))],
        )
        self.data = s3.Bucket(
            self,
            "Data",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            versioned=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix="data/",
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=[
                _cleaned("strays"),
                _cleaned("prediction-log", prefix="monitoring/", expiration=Duration.days(KEPT_DAYS)),
            ],
        )
        _tell_event_bridge(self.data)


def _cleaned(id: str, *, prefix: str | None = None, expiration: Duration | None = None) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id=id,
        prefix=prefix,
        expiration=expiration,
        noncurrent_version_expiration=Duration.days(OLD_VERSIONS_DAYS),
        abort_incomplete_multipart_upload_after=Duration.days(STRAYS_DAYS) if prefix is None else None,
    )


def _tell_event_bridge(bucket: s3.Bucket) -> None:
    """As CDK's own switch would, without the function it deploys for that."""
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
    )
