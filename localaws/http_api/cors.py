"""Cross-origin requests to an HTTP API with a CORS configuration: its preflights and the headers of its answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from localaws.exchange import Answer, Headers, Request

PREFIX = "access-control-"


def is_preflight(request: Request) -> bool:
    asks = request.header("origin") is not None and request.header(f"{PREFIX}request-method") is not None
    return request.method == "OPTIONS" and asks


def preflight(request: Request, cors: Mapping[str, Any]) -> Answer:
    """204 for every origin; only the headers tell an allowed one from another."""
    headers = _common(request, cors)
    if headers:
        headers = (*headers, *_permissions(cors))
    return Answer(204, headers, b"")


def allowing(answer: Answer, request: Request, cors: Mapping[str, Any]) -> Answer:
    """With a configuration, what the function itself says about origins is ignored."""
    kept = tuple(pair for pair in answer.headers if not pair[0].startswith(PREFIX))
    headers = _common(request, cors)
    if headers and cors.get("exposeHeaders"):
        headers = (*headers, (f"{PREFIX}expose-headers", ",".join(cors["exposeHeaders"])))
    return Answer(answer.status, (*kept, *headers), answer.body)


def _common(request: Request, cors: Mapping[str, Any]) -> Headers:
    origin = request.header("origin")
    allowed = cors.get("allowOrigins") or []
    if origin is None or not any(_matches(origin, pattern) for pattern in allowed):
        return ()
    headers = [(f"{PREFIX}allow-origin", "*" if "*" in allowed else origin)]
    headers += [("vary", "Origin")] if "*" not in allowed else []
    headers += [(f"{PREFIX}allow-credentials", "true")] if cors.get("allowCredentials") else []
    return tuple(headers)


def _permissions(cors: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for member, header in (("allowMethods", "allow-methods"), ("allowHeaders", "allow-headers")):
        if cors.get(member):
            yield f"{PREFIX}{header}", ",".join(cors[member])
    if cors.get("maxAge") is not None:
        yield f"{PREFIX}max-age", str(cors["maxAge"])


def _matches(origin: str, pattern: str) -> bool:
    """`*`, a scheme with `*` for every host, or the origin itself."""
    if pattern in {"*", origin}:
        return True
    return pattern.endswith("://*") and origin.startswith(pattern[:-1])
