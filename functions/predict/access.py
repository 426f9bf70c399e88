"""Who may ask, and how often: between the outside and the app, where there is no gateway to do it."""

from http import HTTPStatus
from math import ceil
from socket import AF_INET6, inet_pton

from starlette.types import ASGIApp, Receive, Scope, Send

from functions.predict.asgi import SEEN, refuse
from functions.predict.keys import Keys
from functions.predict.problems import Refusal
from functions.predict.rates import Rates
from functions.predict.telemetry import Observation
from serinus.errors import Problem

HEADER = b"x-api-key"
CALLER = "serinus.caller"
PAGES = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"})
HEALTH = frozenset({"/health", "/api/v1/health"})
METRICS = "/metrics"
LOOPBACK = ("127.", "::1")
FORWARDED = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip"})


class Access:
    """keys: without any, everybody is let in; rates: None lets them ask as often as they like."""

    def __init__(self, app: ASGIApp, keys: Keys, rates: Rates | None) -> None:
        self._app = app
        self._keys = keys
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen: Observation = scope[SEEN]
        refusal = None if is_open(scope) else self._refusal(scope, seen)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refuse(send, refusal, seen)

    def _refusal(self, scope: Scope, seen: Observation) -> Refusal | None:
        """Why this request goes no further. Wrong keys count against the address they come from."""
        brought = [value for name, value in scope["headers"] if name == HEADER]
        caller = self._keys.owner(brought[0]) if len(brought) == 1 else None
        if caller:
            scope[CALLER] = seen.caller = caller
        if self._rates and (wait_s := self._rates.wait_s(caller or address(scope))):
            return too_many(self._rates, wait_s)
        if self._keys and not caller:
            return wrong_key() if brought else no_key()
        return None


def is_open(scope: Scope) -> bool:
    """Whether everybody may ask for this, as often as they like: pages, the shallow health, and metrics from here."""
    path = scope["path"]
    return (
        path in PAGES
        or (path in HEALTH and not scope["query_string"])  # a deep look costs something
        or (path == METRICS and _is_from_here(scope))
    )


def _is_from_here(scope: Scope) -> bool:
    """From this machine, and not through a proxy on it that says so."""
    return address(scope).startswith(LOOPBACK) and FORWARDED.isdisjoint(dict(scope["headers"]))


def address(scope: Scope) -> str:
    """The peer's: what it forwards for, anybody could claim. Of IPv6 the network, as one caller has 2^64 addresses."""
    client = scope.get("client")
    host: str = client[0].removeprefix("::ffff:").partition("%")[0] if client else "-"
    return f"{inet_pton(AF_INET6, host)[:8].hex()}::" if ":" in host and host != LOOPBACK[1] else host


def no_key() -> Refusal:
    problem = Problem("x-api-key", None, "the API key of a caller of this service")
    return Refusal(HTTPStatus.UNAUTHORIZED, "no API key", [problem], {"www-authenticate": 'ApiKey header="X-API-Key"'})


def wrong_key() -> Refusal:
    problem = Problem("x-api-key", "a key of nobody", "the API key of a caller of this service, once")
    return Refusal(HTTPStatus.FORBIDDEN, "Invalid API key", [problem])


def too_many(rates: Rates, wait_s: float) -> Refusal:
    """Headers as draft-ietf-httpapi-ratelimit-headers-06 has them: the ones that clients know."""
    wait = str(ceil(wait_s))
    most = f"at most {rates.burst} requests in {rates.window_s:g} seconds"
    headers = {
        "retry-after": wait,
        "ratelimit-limit": str(rates.burst),
        "ratelimit-remaining": "0",
        "ratelimit-reset": wait,
        "ratelimit-policy": f"{rates.burst};w={ceil(rates.window_s)}",
    }
    detail = f"{most} from one client; ask again in {wait} s"
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, detail, [Problem("requests", "more", most)], headers)
