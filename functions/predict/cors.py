"""CORS: which pages' scripts may ask, and read the answer. Never with cookies: what lets a caller in is a header."""

from collections.abc import Collection
from functools import partial

from starlette.middleware.cors import CORSMiddleware

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
    return partial(
        CORSMiddleware, allow_origins=origins, allow_methods=("GET", "POST"), allow_headers=SENT, expose_headers=READ
    )
