"""The stack of one service. It composes, and decides only what service.toml decides."""

from aws_cdk import CfnOutput, DefaultStackSynthesizer, Environment, Stack
from constructs import Construct

from infra.cdk.alarms import Alarms
from infra.cdk.buckets import Buckets
from infra.cdk.dashboard import Dashboard
from infra.cdk.features import give_features
from infra.cdk.gateways import Front
from infra.cdk.http_gateway import HttpGateway
from infra.cdk.images import Image
from infra.cdk.key import ServiceKey
from infra.cdk.log_groups import log_group
from infra.cdk.predict import Predict
from infra.cdk.prediction_log import PredictionLog
from infra.cdk.pseudonyms import give_pseudonyms
from infra.cdk.rest_gateway import RestGateway
from infra.cdk.tables import Tables
from infra.cdk.topic import alarm_topic
from serinus.deployable import check
from serinus.service import Service


def stack_name(service: Service) -> str:
    return f"serinus-{service.name}"


class ServiceStack(Stack):
    """Bulk jobs and rollouts get a construct each after `predict`, of `self.key`, `self.buckets` and `self.tables`."""

    def __init__(self, scope: Construct, *, service: Service, image: Image, region: str) -> None:
        check(service)
        super().__init__(scope, stack_name(service), env=Environment(region=region), synthesizer=_assets())
        self.key = ServiceKey(self, "Encryption", service=service.name).key
        self.topic = alarm_topic(self, "Notices", key=self.key)
        self.buckets = Buckets(self, "Buckets", key=self.key)
        self.tables = Tables(self, "Tables", key=self.key, has_features=service.features is not None)
        self.predict = Predict(self, "Predict", service=service, image=image, key=self.key)
        give_features(self.predict.function, service, self.tables.features)
        give_pseudonyms(self, self.predict.function, service, key=self.key)
        self.predict.publish()
        self.front = self._gateway(service)
        self._observe()
        self._tell()

    def _gateway(self, service: Service) -> Front:
        logs = log_group(self, "AccessLogs", key=self.key, days=service.function.log_days)
        alias = self.predict.alias
        if service.gateway.kind == "rest":
            return RestGateway(self, "Gateway", service=service, alias=alias, access_logs=logs).front
        return HttpGateway(self, "Gateway", gateway=service.gateway, alias=alias, access_logs=logs).front

    def _observe(self) -> None:
        PredictionLog(self, "PredictionLog", predict=self.predict, bucket=self.buckets.data, key=self.key)
        alarms = Alarms(self, "Alarms", predict=self.predict, front=self.front)
        alarms.tell(self.topic)
        Dashboard(self, "Dashboard", predict=self.predict, front=self.front, alarms=alarms)

    def _tell(self) -> None:
        outputs = {
            "Url": self.front.url,
            "FunctionName": self.predict.function.function_name,
            "AliasName": self.predict.alias.alias_name,
            "LatestVersion": self.predict.version.version,
            "HistoryTable": self.tables.history.table_name,
            "RegistryTable": self.tables.registry.table_name,
            "FeatureTable": self.tables.features.table_name if self.tables.features else None,
            "DataBucket": self.buckets.data.bucket_name,
            "Topic": self.topic.topic_arn,
            "ApiKeyId": self.front.api_key_id,
        }
        for name, value in outputs.items():
            if value is not None:
                CfnOutput(self, name, value=value)


def _assets() -> DefaultStackSynthesizer:
    """The cdk tool looks at the bootstrap itself; in the template that would be a parameter nobody has locally."""
    return DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
