"""The event that a REST API hands to a function: the proxy integration's format 1.0."""

import base64
from dataclasses import dataclass
from typing import Any

import orjson

from localaws.exchange import Request
from localaws.request_ids import clock_time
from localaws.rest_api.deployed import Stage
from localaws.rest_api.keys import Key
from localaws.rest_api.resources import Match

ACCOUNT = "123456789012"
NOBODY = (  # what IAM and Cognito would know of the caller
    *("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
    *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn"),
)
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Admitted:
    """A request that may pass. path: without the stage."""

    request_id: str
    extended_id: str
    trace_id: str
    stage: Stage
    match: Match
    path: str
    key: Key | None


def event(request: Request, admitted: Admitted) -> bytes:
    headers = [(name.title(), value) for name, value in sorted(request.forwarded(admitted.trace_id))]
    body, encoded = _body(request, admitted.stage)
    made = {
        "resource": admitted.match.resource.path,
        "path": admitted.path,
        "httpMethod": request.method,
        "headers": dict(headers),
        "multiValueHeaders": _lists(headers),
        "queryStringParameters": dict(request.parameters()) or None,
        "multiValueQueryStringParameters": _lists(request.parameters()) or None,
        "pathParameters": dict(admitted.match.parameters) or None,
        "stageVariables": dict(admitted.stage.variables) or None,
        "requestContext": _context(request, admitted),
        "body": body,
        "isBase64Encoded": encoded,
    }
    return orjson.dumps(made)


def media_type(header: str | None, default: str) -> str:
    """The first of several: API Gateway looks no further."""
    return (header or default).partition(",")[0].partition(";")[0].strip().lower()


def _context(request: Request, admitted: Admitted) -> dict[str, Any]:
    domain = (request.header("host") or "").partition(":")[0]
    return {
        "resourceId": admitted.match.resource.id,
        "resourcePath": admitted.match.resource.path,
        "httpMethod": request.method,
        "extendedRequestId": admitted.extended_id,
        "requestTime": clock_time(request.time_s),
        "path": request.path,
        "accountId": ACCOUNT,
        "protocol": request.protocol,
        "stage": admitted.stage.name,
        "domainPrefix": domain.partition(".")[0],
        "requestTimeEpoch": int(request.time_s * 1000),
        "requestId": admitted.request_id,
        "identity": _identity(request, admitted.key),
        "domainName": domain,
        "deploymentId": admitted.stage.deployment_id,
        "apiId": admitted.stage.api_id,
    }


def _identity(request: Request, key: Key | None) -> dict[str, Any]:
    caller = {"sourceIp": request.source_ip, "userAgent": request.header("user-agent")}
    known = {"apiKey": key.value, "apiKeyId": key.id} if key else {}
    return dict.fromkeys(NOBODY) | caller | known


def _lists(pairs: Pairs) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return lists


def _body(request: Request, stage: Stage) -> tuple[str | None, bool]:
    """Text of any other type is taken for UTF-8, as on AWS: what is not, is lost."""
    if not request.body:
        return None, False
    if stage.is_binary(media_type(request.header("content-type"), "application/json")):
        return base64.b64encode(request.body).decode(), True
    return request.body.decode(errors="replace"), False
