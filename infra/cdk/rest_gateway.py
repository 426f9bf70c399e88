"""A REST API in front of the alias: API keys, how often each client may ask, and a firewall."""

from aws_cdk import Aws, Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.cdk.access_log import rest_format
from infra.cdk.firewall import Firewall
from infra.cdk.gateway_logging import GatewayLogging
from infra.cdk.gateways import ALL_BURST, ALL_RATE, Front
from serinus.deployable import REST_LIMIT_S
from serinus.service import Service

STAGE = "prod"
REFUSED = {  # the gateway's own answers, in the shape of the service's
    apigateway.ResponseType.ACCESS_DENIED: "403",
    apigateway.ResponseType.INVALID_API_KEY: "403",
    apigateway.ResponseType.THROTTLED: "429",
    apigateway.ResponseType.QUOTA_EXCEEDED: "429",
    apigateway.ResponseType.WAF_FILTERED: "403",
    apigateway.ResponseType.REQUEST_TOO_LARGE: "413",
    apigateway.ResponseType.INTEGRATION_TIMEOUT: "504",
    apigateway.ResponseType.INTEGRATION_FAILURE: "502",
}


class RestGateway(Construct):
    def __init__(
        self, scope: Construct, id: str, *, service: Service, alias: lambda_.IAlias, access_logs: logs.ILogGroup
    ) -> None:
        super().__init__(scope, id)
        self._gateway = service.gateway
        name = f"serinus-{service.name}"
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=name,
            endpoint_configuration=apigateway.EndpointConfiguration(types=[apigateway.EndpointType.REGIONAL]),
            binary_media_types=["*/*"],  # else answers in gzip would reach the caller as base64
            cloud_watch_role=False,
            deploy_options=_stage(self._gateway.rate_per_minute, self._gateway.burst, access_logs),
        )
        self.api.node.try_remove_child("Endpoint")  # an output under a name of CDK's, beside ours
        self._route(_integration(alias))
        self.api.deployment_stage.node.add_dependency(GatewayLogging(self, "Logging"))
        Firewall(self, "Firewall", gateway=self._gateway, stage_arn=self.api.deployment_stage.stage_arn)
        self.front = Front(
            url=f"https://{self.api.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}/{STAGE}",
            dimensions={"ApiName": name, "Stage": STAGE},
            faults="5XXError",
            api_key_id=self._client().key_id if self._needs_keys else None,
        )

    @property
    def _needs_keys(self) -> bool:
        return self._gateway.auth == "api_key"

    def _route(self, integration: apigateway.LambdaIntegration) -> None:
        for resource in (self.api.root, self.api.root.add_resource("{proxy+}")):
            resource.add_method("ANY", integration, api_key_required=self._needs_keys)
            if self._gateway.cors:
                resource.add_method("OPTIONS", integration)  # a browser's preflight brings no key

    def _client(self) -> apigateway.IApiKey:
        """The first client's key; each further client gets a key of its own under the same plan."""
        plan = self.api.add_usage_plan("Plan", throttle=_throttle(self._gateway.rate_per_minute, self._gateway.burst))
        plan.add_api_stage(stage=self.api.deployment_stage)
        key = self.api.add_api_key("Key")
        plan.add_api_key(key)
        return key


def _integration(alias: lambda_.IAlias) -> apigateway.LambdaIntegration:
    return apigateway.LambdaIntegration(alias, timeout=Duration.seconds(REST_LIMIT_S), scope_permission_to_method=False)


def _stage(rate_per_minute: int | None, burst: int, access_logs: logs.ILogGroup) -> apigateway.StageOptions:
    """What all clients together may is never less than what one of them may."""
    return apigateway.StageOptions(
        stage_name=STAGE,
        tracing_enabled=True,
        metrics_enabled=True,
        data_trace_enabled=False,  # bodies hold what nobody else may read
        logging_level=apigateway.MethodLoggingLevel.ERROR,
        throttling_rate_limit=max(ALL_RATE, (rate_per_minute or 0) / 60),
        throttling_burst_limit=max(ALL_BURST, burst),
        access_log_destination=apigateway.LogGroupLogDestination(access_logs),
        access_log_format=rest_format(),
    )


def _throttle(rate_per_minute: int | None, burst: int) -> apigateway.ThrottleSettings | None:
    if rate_per_minute is None:
        return None
    return apigateway.ThrottleSettings(rate_limit=rate_per_minute / 60, burst_limit=burst)
