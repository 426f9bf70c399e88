"""A small HTTP/1.1 load client: keep-alive connections, each sending its next request when its answer is in.

It prepares its requests as bytes, reads no more of an answer than status and length, and drives all connections from
one thread, so that on a core of its own it is never what limits the server: benchmarks.online measures that first.
"""

import selectors
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

Address = tuple[str, int]

RECEIVE = 64 * 1024
SILENCE_S = 30.0
OK = b"HTTP/1.1 200 "


class BadAnswer(Exception):
    """The server answered something else than 200, closed the connection or fell silent."""


@dataclass(frozen=True)
class Load:
    """What one run came to. latencies_ms: one per answer, in order; cpu_s: processor time of the client itself."""

    seconds: float
    cpu_s: float
    latencies_ms: NDArray[np.float64]

    @property
    def answers(self) -> int:
        return len(self.latencies_ms)

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds

    def percentile_ms(self, percent: float) -> float:
        return float(np.percentile(self.latencies_ms, percent))


def post(path: str, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """A request as it goes over the wire."""
    lines = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": len(body), **(headers or {})}
    head = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items())]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def drive(address: Address, requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Send `requests` in turn over `connections` for `seconds`, wait for the last answers; or raise BadAnswer.

    The wait counts: a server that answers in bursts would otherwise gain or lose most of one.
    """
    latencies: list[float] = []
    upcoming = cycle(requests)
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        every = [stack.enter_context(_Connection(address)) for _ in range(connections)]
        start, cpu_start = time.perf_counter(), time.process_time()
        for connection in every:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(next(upcoming))
        waiting = connections
        while waiting:
            for connection in _ready(selector):
                sent = connection.sent
                if not connection.answered():
                    continue
                now = time.perf_counter()
                latencies.append((now - sent) * 1000)
                if now - start < seconds:
                    connection.send(next(upcoming))
                else:
                    waiting -= 1
    return Load(now - start, time.process_time() - cpu_start, np.array(latencies))


def _ready(selector: selectors.BaseSelector) -> "list[_Connection]":
    ready = selector.select(SILENCE_S)
    if not ready:
        raise BadAnswer(f"no answer within {SILENCE_S:g} s")
    return [key.data for key, _ in ready]


class _Connection:
    """Blocking, which spares a second look at the selector: requests fit into the socket's buffer."""

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = 0.0
        self._received = b""

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, request: bytes) -> None:
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def answered(self) -> bool:
        """Whether the answer is whole, after reading what is there."""
        try:
            piece = self.socket.recv(RECEIVE)
        except ConnectionError:
            piece = b""
        if not piece:
            raise BadAnswer(f"connection closed after {self._received[:200]!r}")
        self._received += piece
        whole = whole_answer(self._received)
        if whole:
            self._received = b""
        return whole


def whole_answer(received: bytes) -> bool:
    """Whether `received` is one whole answer; BadAnswer when it is no 200 or of unknown length."""
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return False
    length = received.lower().find(b"content-length:", 0, head)
    if not received.startswith(OK) or length < 0:
        raise BadAnswer(f"expected 200 and a content-length, got {received[:500]!r}")
    stop = received.find(b"\r\n", length)
    return len(received) >= head + 4 + int(received[length + 15 : stop])
