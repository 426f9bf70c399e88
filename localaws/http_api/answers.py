"""What an HTTP API makes of a function's return value: payload format 2.0, or a document it has to guess about."""

import base64
import binascii
from typing import Any

import orjson

from localaws.exchange import HOP_BY_HOP, JSON, Answer, Headers, Invoked, message

TEXT: Headers = (("content-type", "text/plain;charset=UTF-8"),)
OWN = HOP_BY_HOP | {"content-length", "date"}


class Malformed(ValueError):
    """The function returned what cannot be an HTTP response."""


def answer(invoked: Invoked) -> Answer:
    if invoked.function_error is not None:
        return failed()
    try:
        return _answer(orjson.loads(invoked.body))
    except Malformed:
        return failed()


def failed() -> Answer:
    return message(500, "Internal Server Error")


def _answer(returned: Any) -> Answer:
    if not isinstance(returned, dict) or "statusCode" not in returned:
        return Answer(200, JSON, returned.encode() if isinstance(returned, str) else orjson.dumps(returned))
    headers = _headers(returned.get("headers") or {}, returned.get("cookies") or [])
    if not any(name == "content-type" for name, _ in headers):
        headers += TEXT
    return Answer(status_of(returned), headers, body_of(returned))


def status_of(returned: dict[str, Any]) -> int:
    try:
        status = int(returned["statusCode"])
    except (TypeError, ValueError, KeyError) as error:
        raise Malformed(f"expected a status code, got {returned.get('statusCode')!r}") from error
    if not 100 <= status <= 599:
        raise Malformed(f"expected a status code of 100 to 599, got {status}")
    return status


def body_of(returned: dict[str, Any]) -> bytes:
    body = returned.get("body")
    if body is not None and not isinstance(body, str):
        raise Malformed(f"expected a body of text, got {type(body).__name__}")
    if returned.get("isBase64Encoded") is not True:
        return (body or "").encode()
    try:
        return base64.b64decode(body or "", validate=True)
    except binascii.Error as error:
        raise Malformed("expected a body in base64") from error


def text_of(value: Any) -> str:
    """A header's value may be text, a number or a truth value."""
    if not isinstance(value, str | int | float):
        raise Malformed(f"expected a header's value, got {type(value).__name__}")
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _headers(headers: Any, cookies: Any) -> Headers:
    if not isinstance(headers, dict) or not isinstance(cookies, list):
        raise Malformed("expected an object of headers and a list of cookies")
    named = [(name.lower(), text_of(value)) for name, value in headers.items()]
    return (
        *(pair for pair in named if pair[0] not in OWN),
        *(("set-cookie", text_of(cookie)) for cookie in cookies),
    )
