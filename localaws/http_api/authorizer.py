"""Who may use a route of an HTTP API: its JWT authorizer's word on a request."""

import re

from localaws import tokens
from localaws.exchange import Answer, Request, message
from localaws.http_api.deployed import Authorizer, Route
from localaws.tokens import BadToken, Claims

BEARER = re.compile(r"(?i)bearer\s+")


class Unauthorized(Exception):
    """The request stays outside; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def authorized(request: Request, route: Route, authorizer: Authorizer) -> tuple[Claims, list[str] | None]:
    """The claims of the request's token and the scopes it shares with its route, None where that asks for none."""
    token = _token(request, authorizer)
    if token is None:
        raise Unauthorized(message(401, "Unauthorized", {"www-authenticate": "Bearer"}))
    try:
        claims = tokens.verified(token, authorizer.issuer, authorizer.audiences, request.time_s)
    except BadToken as refusal:
        challenge = f'Bearer scope="" error="invalid_token" error_description="{refusal}"'
        raise Unauthorized(message(401, "Unauthorized", {"www-authenticate": challenge})) from refusal
    return claims, _shared(tokens.scopes(claims), route)


def _shared(scopes: set[str], route: Route) -> list[str] | None:
    shared = [scope for scope in route.scopes if scope in scopes]
    if route.scopes and not shared:
        challenge = f'Bearer scope="{" ".join(route.scopes)}" error="insufficient_scope"'
        raise Unauthorized(message(403, "Forbidden", {"www-authenticate": challenge}))
    return shared or None


def _token(request: Request, authorizer: Authorizer) -> str | None:
    for source in authorizer.identity_sources:
        where, _, name = source.removeprefix("$request.").partition(".")
        found = request.header(name.lower()) if where == "header" else dict(request.parameters()).get(name)
        if found:
            return BEARER.sub("", found, count=1).strip()
    return None
