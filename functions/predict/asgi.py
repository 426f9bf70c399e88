"""The frame around every route: request id, release, timing and telemetry; and the endpoint of the hot routes.

FastAPI's routing, middleware and response handling cost several times what a prediction does. The hot routes are
plain ASGI endpoints: routes of the app like any other, and reached past its middleware where the path is fixed.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.predict import problems
from functions.predict.answers import Json
from functions.predict.compression import packed, unpacked
from functions.predict.problems import FAULT, Refusal, not_json, too_large
from functions.predict.redaction import Redaction
from functions.predict.telemetry import Observation, Telemetry
from serinus.errors import InputError, StoreDown, UnknownModel

MOST_BYTES = 6 * 1024 * 1024  # what Lambda takes in one synchronous invocation
SEEN = "serinus.seen"
JSON = b"application/json"
PROBLEM = problems.MEDIA_TYPE.encode()

Headers = list[tuple[bytes, bytes]]
Respond = Callable[[bytes, Observation, Scope], Json | Awaitable[Json]]

Layer = Callable[[ASGIApp], ASGIApp]


def bare(app: ASGIApp) -> ASGIApp:
    return app


@dataclass(frozen=True)
class Front:
    """What stands around the app. cors: around every answer, a fault's too; access: who may ask, and how often; both
    where there is no gateway. audit: around each route that predicts."""

    cors: Layer = bare
    access: Layer = bare
    audit: Layer = bare


OPEN = Front()


@dataclass(frozen=True)
class Watch:
    """Who sees how requests go, and how much of them. release: what answers call it."""

    telemetry: Telemetry
    redaction: Redaction
    release: str


class Observed:
    """Gives each request its id, stamps the answer with id and release, and tells telemetry how it went."""

    def __init__(self, app: ASGIApp, watch: Watch, front: Front) -> None:
        self._app = app
        self._front = front.cors(front.access(app))
        self._fault = front.cors(fault)
        self._telemetry = watch.telemetry
        self._redaction = watch.redaction
        self._release = watch.release.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = _observation(scope, self._redaction)
        scope[SEEN] = seen
        start = perf_counter()
        stamped = _Stamped(send, seen, self._release)
        try:
            await self._front(scope, receive, stamped)
        except Exception as error:  # noqa: BLE001  # the last line: whatever it is becomes a 500 and a log entry
            self._telemetry.failed(seen, error)
            if not stamped.started:
                await self._fault(scope, receive, stamped)
        finally:
            seen.seconds = perf_counter() - start
            self._telemetry.answered(seen)


class HotRoutes:
    """The routes that are worth a way of their own, past `app`; everything else is `app`'s."""

    def __init__(self, app: ASGIApp, hot: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._hot = hot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_hot = scope["type"] == "http" and scope["method"] == "POST"
        app = self._hot.get(scope["path"], self._app) if is_hot else self._app
        await app(scope, receive, send)


class _Stamped:
    """`send`, with the request's id and the release in the headers of what is sent."""

    def __init__(self, send: Send, seen: Observation, release: bytes) -> None:
        self._send = send
        self._seen = seen
        self._release = release
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self._seen.status = message["status"]
            message["headers"] = [
                *message["headers"],
                (b"x-request-id", self._seen.request_id.encode()),
                (b"x-serinus-release", self._release),
            ]
        await self._send(message)


class JsonEndpoint:
    """A route that takes a JSON body and answers one: read, respond, send."""

    def __init__(self, answer: Respond) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen: Observation = scope[SEEN]
        try:
            is_packed = _check_headers(scope["headers"])
            body = await _whole(receive)
            if is_packed:
                body = unpacked(body, most=MOST_BYTES)
            answered = self._answer(body, seen, scope)
            if not isinstance(answered, dict):
                answered = await answered
            answer, headers = packed(orjson.dumps(answered), scope["headers"])
        except (Refusal, InputError, UnknownModel, StoreDown) as error:
            await refuse(send, error, seen)
        else:
            about = [(b"content-type", JSON), (b"x-model-version", _versions(seen))]
            await respond(send, answer, headers=[*about, *headers])


async def fault(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer that it is our mistake, whatever was asked."""
    seen: Observation = scope[SEEN]
    await respond(
        send, FAULT.body(seen.path, seen.request_id), status=FAULT.status, headers=[(b"content-type", PROBLEM)]
    )


async def refuse(send: Send, error: Refusal | problems.Refused, seen: Observation) -> None:
    """Answer with the problem that `error` is, and note the names of the fields."""
    refusal = seen.redaction.refusal(error if isinstance(error, Refusal) else problems.refusal(error))
    seen.refused = refusal.fields
    headers = [(name.encode(), value.encode()) for name, value in refusal.headers.items()]
    body = refusal.body(seen.path, seen.request_id)
    await respond(send, body, status=refusal.status, headers=[(b"content-type", PROBLEM), *headers])


async def respond(send: Send, body: bytes, *, status: int = 200, headers: Headers) -> None:
    start = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


def _observation(scope: Scope, redaction: Redaction) -> Observation:
    told = (redaction.request_id(scope), redaction.method(scope["method"]), redaction.path(scope["path"]))
    return Observation(*told, redaction=redaction)


def _check_headers(headers: Headers) -> bool:
    """Whether the body comes in gzip; Refusal when it is no JSON, or too large."""
    is_packed = False
    for name, value in headers:
        if name == b"content-type" and not _is_json(value):
            raise not_json("content-type", value.decode("latin-1"), "application/json")
        if name == b"content-encoding" and value.lower() != b"identity":
            is_packed = _is_gzip(value)
        if name == b"content-length" and _size(value) > MOST_BYTES:
            raise too_large(_size(value), MOST_BYTES)
    return is_packed


def _is_gzip(encoding: bytes) -> bool:
    if encoding.strip().lower() in (b"gzip", b"x-gzip"):
        return True
    raise not_json("content-encoding", encoding.decode("latin-1"), "gzip, or a body that is not compressed")


def _is_json(content_type: bytes) -> bool:
    media = content_type.partition(b";")[0].strip().lower()
    return media == b"application/json" or media.endswith(b"+json")


def _size(content_length: bytes) -> int:
    """What the caller says; the body itself is measured too, and int() takes no number of thousands of digits."""
    return int(content_length[:18]) if content_length.isdigit() else 0


async def _whole(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MOST_BYTES:
            raise too_large(len(body), MOST_BYTES)
    return body


def _versions(seen: Observation) -> bytes:
    if len(seen.predicted) == 1:
        return seen.predicted[0].version.encode()
    return ", ".join(f"{one.model}={one.version}" for one in seen.predicted).encode()
