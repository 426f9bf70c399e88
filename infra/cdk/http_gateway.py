"""An HTTP API in front of the alias, which takes the tokens of an issuer where the service says so."""

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.cdk.access_log import HttpAccessLog
from infra.cdk.gateways import ALL_BURST, ALL_RATE, Front
from serinus.sections import Gateway

CORS_AGE = Duration.hours(1)
EVERY_PATH = "/{proxy+}"


class HttpGateway(Construct):
    def __init__(
        self, scope: Construct, id: str, *, gateway: Gateway, alias: lambda_.IAlias, access_logs: logs.ILogGroup
    ) -> None:
        super().__init__(scope, id)
        integration = _integration(alias)
        self.api = apigatewayv2.HttpApi(
            self,
            "Api",
            create_default_stage=False,
            default_integration=integration,
            default_authorizer=_authorizer(gateway),
            cors_preflight=_cors(gateway),
        )
        if gateway.auth == "jwt" and gateway.cors:
            self._let_preflights_in(integration)
        self.stage = apigatewayv2.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            detailed_metrics_enabled=True,
            throttle=apigatewayv2.ThrottleSettings(rate_limit=ALL_RATE, burst_limit=ALL_BURST),
            access_log_settings=HttpAccessLog(apigatewayv2.LogGroupLogDestination(access_logs)),
        )
        self.front = Front(url=self.api.api_endpoint, dimensions={"ApiId": self.api.api_id}, faults="5xx")

    def _let_preflights_in(self, integration: apigatewayv2.HttpRouteIntegration) -> None:
        """Browsers send no token with them, and the route of everything else would want one."""
        self.api.add_routes(
            path=EVERY_PATH,
            methods=[apigatewayv2.HttpMethod.OPTIONS],
            integration=integration,
            authorizer=apigatewayv2.HttpNoneAuthorizer(),
        )


def _integration(alias: lambda_.IAlias) -> integrations.HttpLambdaIntegration:
    return integrations.HttpLambdaIntegration(
        "Predict",
        alias,
        payload_format_version=apigatewayv2.PayloadFormatVersion.VERSION_2_0,
    )  # its timeout is the longest there is, 30 seconds, which CDK refuses to write


def _authorizer(gateway: Gateway) -> authorizers.HttpJwtAuthorizer | None:
    if gateway.auth != "jwt" or gateway.issuer is None:
        return None
    return authorizers.HttpJwtAuthorizer("Tokens", gateway.issuer, jwt_audience=list(gateway.audience))


def _cors(gateway: Gateway) -> apigatewayv2.CorsPreflightOptions | None:
    if not gateway.cors:
        return None
    return apigatewayv2.CorsPreflightOptions(
        allow_origins=list(gateway.cors),
        allow_methods=[apigatewayv2.CorsHttpMethod.GET, apigatewayv2.CorsHttpMethod.POST],
        allow_headers=["authorization", "content-type", "content-encoding", "x-request-id"],
        expose_headers=["x-request-id", "x-serinus-release", "x-model-version"],
        max_age=CORS_AGE,
    )
