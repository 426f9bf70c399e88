"""What a REST API answers by itself, in the shape in which the service refuses: RFC 9457 problems."""

import json
from collections.abc import Iterator, Sequence
from http import HTTPStatus

from aws_cdk import aws_apigateway as apigateway

Kind = apigateway.ResponseType
STATUSES = {
    HTTPStatus.FORBIDDEN: (Kind.ACCESS_DENIED, Kind.INVALID_API_KEY, Kind.WAF_FILTERED),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (Kind.REQUEST_TOO_LARGE,),
    HTTPStatus.TOO_MANY_REQUESTS: (Kind.THROTTLED, Kind.QUOTA_EXCEEDED),
    HTTPStatus.BAD_GATEWAY: (Kind.INTEGRATION_FAILURE,),
    HTTPStatus.GATEWAY_TIMEOUT: (Kind.INTEGRATION_TIMEOUT,),
}
RETRY_AFTER_S = 1


def add_refusals(api: apigateway.RestApi, *, origins: Sequence[str]) -> None:
    for status, kind in _kinds():
        api.add_gateway_response(
            kind.response_type.title().replace("_", ""),
            type=kind,
            status_code=str(status.value),
            response_headers=_headers(status, origins),
            templates={"application/json": _problem(status)},
        )


def _kinds() -> Iterator[tuple[HTTPStatus, apigateway.ResponseType]]:
    return ((status, kind) for status, kinds in STATUSES.items() for kind in kinds)


def _headers(status: HTTPStatus, origins: Sequence[str]) -> dict[str, str]:
    """A gateway cannot choose among several origins: then pages learn that it failed, and not why."""
    headers = {"Content-Type": "'application/problem+json'"}
    if len(origins) == 1:
        headers["Access-Control-Allow-Origin"] = f"'{origins[0]}'"
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        headers["Retry-After"] = f"'{RETRY_AFTER_S}'"
    return headers


def _problem(status: HTTPStatus) -> str:
    problem: dict[str, object] = {
        "type": f"urn:serinus:{status.phrase.lower().replace(' ', '-')}",
        "title": status.phrase,
        "status": status.value,
        "detail": "$context.error.message",
        "instance": "$context.path",
        "request_id": "$context.requestId",
        "errors": [],
    }
    return json.dumps(problem)
