"""The golden rows of a version, replayed where it will run, before it gets any traffic."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from serinus.errors import ReleaseError

Wire = TypeVar("Wire", bound=BaseModel)
LONGEST_TOLD = 500
PATH = "/api/v1/health"
DEEP_HEALTH: Mapping[str, Any] = {  # GET /api/v1/health?deep=1, as an HTTP API hands it over
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": PATH,
    "rawQueryString": "deep=1",
    "queryStringParameters": {"deep": "1"},
    "headers": {"accept": "application/json", "host": "serinus-release", "user-agent": "serinus-release"},
    "requestContext": {
        "accountId": "anonymous",
        "apiId": "serinus-release",
        "domainName": "serinus-release",
        "domainPrefix": "serinus-release",
        "http": {
            "method": "GET",
            "path": PATH,
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "serinus-release",
        },
        "requestId": "serinus-release",
        "routeKey": "$default",
        "stage": "$default",
        "time": "01/Jan/1970:00:00:00 +0000",
        "timeEpoch": 0,
    },
    "isBase64Encoded": False,
}


@dataclass(frozen=True)
class Answer:
    """What an invocation came to. version: the one that ran; error: what Lambda calls it when the function failed."""

    version: str | None
    payload: bytes
    error: str | None = None


class Replayed(BaseModel):
    """The golden rows of one model: as they were, or what differed."""

    equal: bool
    detail: str | None = None
    max_difference: float | None = None
    tolerance: float | None = None
    label_flips: int = 0

    def __str__(self) -> str:
        if self.detail is not None:
            return self.detail
        return f"off by up to {self.max_difference} (tolerance {self.tolerance}), {self.label_flips} labels flipped"


class Health(BaseModel):
    service: str
    models: dict[str, str]
    golden: dict[str, Replayed]


class Failure(BaseModel):
    """What Lambda tells of a function that raised, or never started."""

    errorType: str
    errorMessage: str


class Response(BaseModel):
    """What the function hands to the gateway."""

    statusCode: int
    body: str
    isBase64Encoded: bool = False


def proven(answer: Answer, service: str, version: str) -> dict[str, str]:
    """The models of the version, by name and version, if all of their golden rows are right. Or ReleaseError."""
    if answer.version != version:
        raise ReleaseError(f"expected version {version} to answer, but it was {answer.version or 'none that is named'}")
    if answer.error is not None:
        raise ReleaseError(f"version {version} fails: {_failure(answer.payload)}")
    response = _read(Response, answer.payload, version)
    health = _read(Health, _body(response, version), version)
    if health.service != service:
        raise ReleaseError(f"version {version} serves {health.service!r}, expected {service!r}")
    wrong = [f"{name}: {replayed}" for name, replayed in health.golden.items() if not replayed.equal]
    unproven = [f"{name}: not replayed" for name in health.models if name not in health.golden]
    if wrong or unproven or not health.models or response.statusCode != HTTPStatus.OK:
        found = "; ".join([*wrong, *unproven]) or f"{len(health.models)} models"
        raise ReleaseError(
            f"the golden rows of version {version} are not right (status {response.statusCode}): {found}"
        )
    return health.models


def _read(kind: type[Wire], text: bytes, version: str) -> Wire:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        reason = f"{where}: {error.errors()[0]['msg']}" if where else error.errors()[0]["msg"]
        raise ReleaseError(f"version {version} gives no deep health ({reason}), but {_told(text)}") from error


def _body(response: Response, version: str) -> bytes:
    try:
        return base64.b64decode(response.body, validate=True) if response.isBase64Encoded else response.body.encode()
    except binascii.Error as error:
        raise ReleaseError(f"version {version} answers what is not base64: {error}") from error


def _failure(payload: bytes) -> str:
    try:
        failure = Failure.model_validate_json(payload)
    except ValidationError:  # a runtime that died may tell anything
        return _told(payload)
    return f"{failure.errorType}: {failure.errorMessage}"


def _told(text: bytes) -> str:
    told = text.decode("utf-8", "replace")
    return told if len(told) <= LONGEST_TOLD else told[:LONGEST_TOLD] + "..."
