"""The event that an HTTP API hands to a function: payload format 2.0."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from localaws.exchange import Request
from localaws.http_api.deployed import Deployed, Stage
from localaws.http_api.routes import Match
from localaws.request_ids import clock_time

ACCOUNT = "123456789012"
TEXT_TYPES = {"application/json", "application/javascript", "application/xml"}
TEXT_ENDINGS = ("+json", "+xml")


@dataclass(frozen=True)
class Admitted:
    """A request that may pass. claims: what the token said; scopes: of those that its route asks for, the token's."""

    request_id: str
    trace_id: str
    stage: Stage
    match: Match
    claims: Mapping[str, Any] | None = None
    scopes: list[str] | None = None


def event(request: Request, admitted: Admitted, api: Deployed) -> bytes:
    headers = _headers(request, admitted.trace_id)
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": admitted.match.key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "cookies": _cookies(request),
        "headers": headers,
        "queryStringParameters": _joined(request.parameters()),
        "requestContext": _context(request, admitted, api),
        "body": None,
        "pathParameters": dict(admitted.match.parameters),
        "isBase64Encoded": False,
        "stageVariables": dict(admitted.stage.variables),
    }
    if request.body:
        made["body"], made["isBase64Encoded"] = _body(request)
    return orjson.dumps({name: value for name, value in made.items() if value not in ([], {}, None)})


def _context(request: Request, admitted: Admitted, api: Deployed) -> dict[str, Any]:
    domain = (request.header("host") or "").partition(":")[0]
    context = {
        "accountId": ACCOUNT,
        "apiId": api.api_id,
        "authorizer": {"jwt": {"claims": _claims(admitted.claims or {}), "scopes": admitted.scopes}},
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": request.header("user-agent") or "",
        },
        "requestId": admitted.request_id,
        "routeKey": admitted.match.key,
        "stage": admitted.stage.name,
        "time": clock_time(request.time_s),
        "timeEpoch": int(request.time_s * 1000),
    }
    if admitted.claims is None:
        del context["authorizer"]
    return context


def _headers(request: Request, trace_id: str) -> dict[str, str]:
    forwarded = [(name, value) for name, value in request.forwarded(trace_id) if name != "cookie"]
    return dict(sorted(_joined(forwarded).items()))


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _cookies(request: Request) -> list[str]:
    return [cookie.strip() for line in request.values("cookie") for cookie in line.split(";") if cookie.strip()]


def _claims(claims: Mapping[str, Any]) -> dict[str, str]:
    return {name: _claim(value) for name, value in claims.items()}


def _claim(value: Any) -> str:
    """All claims are text; a list is written the way Go prints one."""
    if isinstance(value, list):
        return f"[{' '.join(map(_claim, value))}]"
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _body(request: Request) -> tuple[str, bool]:
    """Text where the type says so; what is compressed, of another type or not UTF-8 after all goes as base64."""
    if is_text(request.header("content-type")) and not request.header("content-encoding"):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def is_text(content_type: str | None) -> bool:
    media_type = (content_type or "").partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in TEXT_TYPES or media_type.endswith(TEXT_ENDINGS)
