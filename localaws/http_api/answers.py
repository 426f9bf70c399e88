"""What an HTTP API makes of a function's return value: payload format 2.0, or a document it has to guess about."""

from typing import Any

import orjson

from localaws import returned as members
from localaws.exchange import HOP_BY_HOP, JSON, Answer, Headers, Invoked, message
from localaws.returned import Malformed, Returned

TEXT: Headers = (("content-type", "text/plain;charset=UTF-8"),)
OWN = HOP_BY_HOP | {"content-length", "date"}  # these the gateway sets itself


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
    headers = _headers(returned)
    if not any(name == "content-type" for name, _ in headers):
        headers += TEXT
    return Answer(members.status(returned), headers, members.body(returned, decoded=True))


def _headers(returned: Returned) -> Headers:
    said = members.headers(returned, "headers")
    named = [(name.lower(), members.header_value(value)) for name, value in said.items()]
    cookies = [("set-cookie", members.header_value(one)) for one in members.listed(returned.get("cookies") or [])]
    return tuple([pair for pair in named if pair[0] not in OWN] + cookies)
