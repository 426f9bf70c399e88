"""What gateways log of each request: nothing that tells who asked, or of whom. Addresses, users and paths stay out."""

import json

import jsii
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2

COMMON = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "httpMethod": "$context.httpMethod",
    "status": "$context.status",
    "responseLatency": "$context.responseLatency",
    "responseLength": "$context.responseLength",
    "errorType": "$context.error.responseType",
}
HTTP = {**COMMON, "routeKey": "$context.routeKey", "integrationStatus": "$context.integrationStatus"}
REST = {
    **COMMON,
    "resourcePath": "$context.resourcePath",  # as the API spells it, {proxy+}, not as it was asked for
    "integrationStatus": "$context.integration.status",
    "integrationLatency": "$context.integration.latency",
    "wafResponse": "$context.wafResponseCode",
}


def rest_format() -> apigateway.AccessLogFormat:
    return apigateway.AccessLogFormat.custom(json.dumps(REST))


@jsii.implements(apigatewayv2.IAccessLogSettings)
class HttpAccessLog:
    """CDK has no ready class of these settings for Python."""

    def __init__(self, destination: apigatewayv2.IAccessLogDestination) -> None:
        self._destination = destination

    @property
    def destination(self) -> apigatewayv2.IAccessLogDestination:
        return self._destination

    @property
    def format(self) -> apigateway.AccessLogFormat:
        return apigateway.AccessLogFormat.custom(json.dumps(HTTP))
