"""What a REST API makes of a function's return value: an HTTP response, or None where it cannot be one."""

import base64
import binascii
from typing import Any

import orjson

from localaws.exchange import HOP_BY_HOP, JSON, Answer, Headers, Invoked, Request
from localaws.rest_api.deployed import Stage
from localaws.rest_api.events import media_type

REMAPPED = {"content-length", "date", "server", "www-authenticate"}  # these are the gateway's own to set


class Malformed(ValueError):
    """The function returned what cannot be an HTTP response."""


def answer(invoked: Invoked, request: Request, stage: Stage) -> Answer | None:
    """None for a function's error too."""
    if invoked.function_error is not None:
        return None
    try:
        return _answer(orjson.loads(invoked.body), request, stage)
    except Malformed:
        return None


def _answer(returned: Any, request: Request, stage: Stage) -> Answer:
    if not isinstance(returned, dict):
        raise Malformed(f"expected an object, got {type(returned).__name__}")
    headers = _headers(returned)
    if not any(name == "content-type" for name, _ in headers):
        headers += JSON
    return Answer(_status(returned), headers, _body(returned, request, stage))


def _status(returned: dict[str, Any]) -> int:
    try:
        status = int(returned["statusCode"])
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"expected a status code, got {returned.get('statusCode')!r}") from error
    if not 100 <= status <= 599:
        raise Malformed(f"expected a status code of 100 to 599, got {status}")
    return status


def _headers(returned: dict[str, Any]) -> Headers:
    """Of a header that is in both, the list counts."""
    single, lists = returned.get("headers") or {}, returned.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(lists, dict):
        raise Malformed("expected objects of headers")
    listed = {name.lower() for name in lists}
    pairs = [(name, value) for name, value in single.items() if name.lower() not in listed]
    pairs += [(name, value) for name, values in lists.items() for value in _checked(values)]
    return tuple((_name(name.lower()), _text(value)) for name, value in pairs if name.lower() not in HOP_BY_HOP)


def _name(header: str) -> str:
    return f"x-amzn-remapped-{header}" if header in REMAPPED else header


def _checked(values: Any) -> list[Any]:
    if not isinstance(values, list):
        raise Malformed(f"expected a list of values of a header, got {type(values).__name__}")
    return values


def _text(value: Any) -> str:
    if not isinstance(value, str | int | float):
        raise Malformed(f"expected a header's value, got {type(value).__name__}")
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _body(returned: dict[str, Any], request: Request, stage: Stage) -> bytes:
    """Base64 is undone only for a client whose first Accept is one of the API's binary types."""
    body = returned.get("body")
    if body is not None and not isinstance(body, str):
        raise Malformed(f"expected a body of text, got {type(body).__name__}")
    wanted = media_type(request.header("accept"), "application/json")
    if returned.get("isBase64Encoded") is not True or not stage.is_binary(wanted):
        return (body or "").encode()
    try:
        return base64.b64decode(body or "", validate=True)
    except binascii.Error as error:
        raise Malformed("expected a body in base64") from error
