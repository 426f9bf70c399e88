"""CORS: which pages' scripts may ask, and read the answer. Never with cookies: what lets a caller in is a header."""

from collections.abc import Collection
from functools import partial

from starlette.middleware.cors import CORSMiddleware
from starlette.types import Message, Receive, Scope, Send

from functions.predict.asgi import Layer, bare

SENT = ("X-API-Key", "X-Request-Id", "Content-Encoding")
READ = (
    *("X-Request-Id", "X-Model-Version", "X-Serinus-Release", "Retry-After"),
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy"),
)


def cors(origins: Collection[str]) -> Layer:
    """The layer around every answer that lets the pages of `origins` read it; without any it is not there."""
    if not origins:
        return bare
    return partial(_Cors, allow_origins=origins, allow_methods=("GET", "POST"), allow_headers=SENT, expose_headers=READ)


class _Cors(CORSMiddleware):
    """Most callers are no browsers: what Starlette does for them as well takes as long as a small model."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not any(name == b"origin" for name, _ in scope["headers"]):
            await self.app(scope, receive, partial(_varied, send))
        else:
            await super().__call__(scope, receive, send)


async def _varied(send: Send, message: Message) -> None:
    """A browser may be told otherwise, which caches in between must know."""
    if message["type"] == "http.response.start":
        message["headers"] = [*message["headers"], (b"vary", b"Origin")]
    await send(message)
