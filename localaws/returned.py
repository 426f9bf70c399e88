"""What a function returned to a gateway, member by member; both kinds of API read them alike."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

import orjson

NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
Returned = Mapping[str, Any]


class Malformed(ValueError):
    """The function returned what cannot be an HTTP response."""


def status(returned: Returned) -> int:
    try:
        number = int(returned["statusCode"])
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"expected a status code, got {returned.get('statusCode')!r}") from error
    if not 100 <= number <= 599:
        raise Malformed(f"expected a status code of 100 to 599, got {number}")
    return number


def body(returned: Returned, *, decoded: bool) -> bytes:
    """decoded: whether a body said to be in base64 leaves as the bytes it stands for."""
    text = returned.get("body")
    if text is not None and not isinstance(text, str):
        raise Malformed(f"expected a body of text, got {type(text).__name__}")
    if not decoded or returned.get("isBase64Encoded") is not True:
        return (text or "").encode()
    try:
        return base64.b64decode(text or "", validate=True)
    except binascii.Error as error:
        raise Malformed("expected a body in base64") from error


def headers(returned: Returned, member: str) -> dict[str, Any]:
    said = returned.get(member) or {}
    if not isinstance(said, dict):
        raise Malformed(f"expected an object of headers, got {type(said).__name__}")
    if wrong := [name for name in said if not NAME.fullmatch(name)]:
        raise Malformed(f"expected names of headers, got {wrong}")
    return said


def listed(values: Any) -> list[Any]:
    if not isinstance(values, list):
        raise Malformed(f"expected a list of values, got {type(values).__name__}")
    return values


def header_value(value: Any) -> str:
    """Text, a number or a truth value."""
    if not isinstance(value, str | int | float):
        raise Malformed(f"expected a header's value, got {type(value).__name__}")
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if CONTROL.search(text):
        raise Malformed("expected a header's value without control characters")
    return text
