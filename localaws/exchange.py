"""What the gateways speak of: the request that came in, the answer that goes out, the call of a function in between."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl

Headers = tuple[tuple[str, str], ...]

JSON: Headers = (("content-type", "application/json"),)
HOP_BY_HOP = {"connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


@dataclass(frozen=True)
class Request:
    """path: as it was sent, percent-encoded; headers: names in lower case, in the order they came."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    source_ip: str
    protocol: str
    port: int
    time_s: float

    def values(self, name: str) -> list[str]:
        return [value for header, value in self.headers if header == name]

    def header(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)

    def parameters(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query, keep_blank_values=True)

    def forwarded(self, trace_id: str) -> Iterator[tuple[str, str]]:
        """The headers as the function sees them: without the connection's own, and with what the gateway adds."""
        passed_on = (pair for pair in self.headers if pair[0] not in HOP_BY_HOP and not _added(pair[0]))
        yield from passed_on
        if self.body and self.header("content-length") is None:
            yield "content-length", str(len(self.body))
        yield "x-amzn-trace-id", self.header("x-amzn-trace-id") or trace_id
        yield "x-forwarded-for", ", ".join([*self.values("x-forwarded-for"), self.source_ip])
        yield "x-forwarded-port", str(self.port)
        yield "x-forwarded-proto", "http"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Headers
    body: bytes

    def with_headers(self, headers: Iterable[tuple[str, str]]) -> "Answer":
        return Answer(self.status, (*self.headers, *headers), self.body)


class Invoked(Protocol):
    """What an invocation came to, as far as a gateway looks at it."""

    @property
    def body(self) -> bytes: ...

    @property
    def function_error(self) -> str | None: ...


class Invoke(Protocol):
    """A synchronous invocation of a function, by its name or ARN.

    Raises a JsonRESTError, moto's word for an error of AWS, where Lambda runs nothing: 413 the event is too large,
    429 every sandbox is taken, 404 there is no such version.
    """

    def __call__(self, function: str, qualifier: str | None, payload: bytes, /) -> Invoked: ...


@dataclass(frozen=True)
class Call:
    """What a gateway wants of a function, and what it makes of the outcome.

    answer: takes what the function returned; refused: takes the status with which Lambda ran nothing
    """

    function: str
    event: bytes
    timeout_s: float
    answer: Callable[[Invoked], Answer]
    refused: Callable[[int], Answer]
    timed_out: Answer


class Api(Protocol):
    """One deployed API: it answers a request itself, or says which function to call."""

    def admit(self, request: Request) -> Answer | Call: ...

    def unread(self, status: int) -> Answer:
        """The answer to a request that is too large, or too slow, to be read."""


def message(status: int, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The small JSON document in which API Gateway says no."""
    body = json.dumps({"message": text}, separators=(",", ":")).encode()
    return Answer(status, (*JSON, *(headers or {}).items()), body)


def _added(header: str) -> bool:
    return header in {"x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"}
