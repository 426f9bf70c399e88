"""What a REST API makes of a function's return value: an HTTP response, or None where it cannot be one."""

from typing import Any

import orjson

from localaws import returned as members
from localaws.exchange import HOP_BY_HOP, JSON, Answer, Headers, Invoked, Request
from localaws.rest_api.deployed import Stage
from localaws.rest_api.events import media_type
from localaws.returned import Malformed, Returned

REMAPPED = {"content-length", "date", "server", "www-authenticate"}  # these are the gateway's own to set


def answer(invoked: Invoked, request: Request, stage: Stage) -> Answer | None:
    """None for a function's error too. Base64 is undone only for a client whose first Accept is a binary type."""
    if invoked.function_error is not None:
        return None
    wanted = media_type(request.header("accept"), "application/json")
    try:
        return _answer(orjson.loads(invoked.body), decoded=stage.is_binary(wanted))
    except Malformed:
        return None


def _answer(returned: Any, *, decoded: bool) -> Answer:
    if not isinstance(returned, dict):
        raise Malformed(f"expected an object, got {type(returned).__name__}")
    headers = _headers(returned)
    if not any(name == "content-type" for name, _ in headers):
        headers += JSON
    return Answer(members.status(returned), headers, members.body(returned, decoded=decoded))


def _headers(returned: Returned) -> Headers:
    """Of a header that is in both members, the list counts."""
    single, lists = members.headers(returned, "headers"), members.headers(returned, "multiValueHeaders")
    known = {name.lower() for name in lists}
    pairs = [(name, value) for name, value in single.items() if name.lower() not in known]
    pairs += [(name, value) for name, values in lists.items() for value in members.listed(values)]
    named = [(name.lower(), members.header_value(value)) for name, value in pairs]
    return tuple((_name(name), value) for name, value in named if name not in HOP_BY_HOP)


def _name(header: str) -> str:
    return f"x-amzn-remapped-{header}" if header in REMAPPED else header
