"""The function that predicts: an immutable version of each deployment, and the alias that says which ones answer."""

from aws_cdk import Annotations, CfnParameter, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.cdk.images import Image
from infra.cdk.log_groups import log_group
from serinus.sections import Function
from serinus.service import Service

HANDLER = "functions.predict.handler.handler"
ALIAS = "live"
UNPUBLISHED = "@aws-cdk/aws-lambda:snapStartRequirePublish"
ARCHITECTURES = {"x86_64": lambda_.Architecture.X86_64, "arm64": lambda_.Architecture.ARM_64}


class Predict(Construct):
    """A deployment publishes a version and never moves the alias: CloudFormation makes that once, and as the template
    says the same of it every time, leaves it to whoever releases."""

    def __init__(self, scope: Construct, id: str, *, service: Service, image: Image, key: kms.IKey) -> None:
        super().__init__(scope, id)
        self.service = service
        said, code = service.function, image.code(Stack.of(self), HANDLER)
        self.logs = log_group(self, "Logs", key=key, days=said.log_days, is_kept=service.privacy.personal)
        self.dead_letters = _dead_letters(self, key)
        self.function = lambda_.DockerImageFunction(
            self,
            "Function",
            description=f"Predicts for {service.name}",
            code=code.source,
            architecture=ARCHITECTURES[said.architecture],
            memory_size=said.memory_mb,
            timeout=Duration.seconds(said.timeout_s),
            reserved_concurrent_executions=said.reserved,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if said.snapstart else None,
            role=_role(self, self.logs, key),
            environment_encryption=key,
            tracing=lambda_.Tracing.ACTIVE,
            log_group=self.logs,
            logging_format=lambda_.LoggingFormat.JSON,
            dead_letter_queue=self.dead_letters,
            current_version_options=_version(said, code.release),
        )
        Annotations.of(self.function).acknowledge_warning(UNPUBLISHED, "the alias answers, with published versions")
        if code.uri:
            _resource(self.function).add_property_override("Code.ImageUri", code.uri)

    def publish(self) -> None:
        """Once the function is complete: a version has the function's settings as they are then."""
        self.version = self.function.current_version
        live = CfnParameter(
            Stack.of(self),
            "LiveVersion",
            default="1",
            allowed_pattern="^[1-9][0-9]*$",
            description="The version that answers first; afterwards releases move the alias, and this is to stay",
        )
        first = lambda_.Version.from_version_attributes(
            self, "LiveVersion", lambda_=self.function, version=live.value_as_string
        )
        self.alias = lambda_.Alias(self, "Alias", alias_name=ALIAS, version=first)
        self.alias.node.add_dependency(self.version)


def _version(said: Function, release: str | None) -> lambda_.VersionOptions:
    """Provisioned on the version, never on the alias: Lambda refuses weights on an alias that has it."""
    return lambda_.VersionOptions(
        removal_policy=RemovalPolicy.RETAIN,
        description=release,
        provisioned_concurrent_executions=said.provisioned or None,
    )


def _role(scope: Construct, group: logs.LogGroup, key: kms.IKey) -> iam.Role:
    role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    role.add_to_policy(
        iam.PolicyStatement(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[group.log_group_arn])
    )
    role.add_to_policy(iam.PolicyStatement(actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[key.key_arn]))
    return role


def _dead_letters(scope: Construct, key: kms.IKey) -> sqs.Queue:
    """Nothing invokes the function asynchronously; what does so all the same and fails is not lost unseen."""
    return sqs.Queue(
        scope,
        "DeadLetters",
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=Duration.days(4),
    )


def _resource(function: lambda_.Function) -> lambda_.CfnFunction:
    resource = function.node.default_child
    assert isinstance(resource, lambda_.CfnFunction)
    return resource
