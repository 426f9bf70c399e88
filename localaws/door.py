"""The HTTP server in front of one API: it reads a request, asks the API what to do, and lets the function be called."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Self

import uvicorn
from moto.core.exceptions import JsonRESTError
from starlette.types import Receive, Scope, Send

from localaws.exchange import Answer, Api, Call, Invoke, Request
from localaws.gateway_metrics import Answered

BODY_LIMIT = 10 * 1024 * 1024
HEADERS_LIMIT = 10_240
BODY_S = 30.0
IDLE_S = 60
STOP_S = 3
POLL_S = 0.005


class ClientGone(ConnectionError):
    """Nobody is left to answer."""


class Unread(Exception):
    """The request ends here, before the API sees it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _nobody(answered: Answered) -> None:
    pass


@dataclass(frozen=True)
class Front:
    """An ASGI app. Only the call of a function needs a thread: a client that is slow, or silent, holds none.

    tell: is told of every answer; body_s: how long a body may take to arrive
    """

    api: Api
    invoke: Invoke
    threads: Executor
    tell: Callable[[Answered], None] = _nobody
    body_s: float = BODY_S
    left: set[asyncio.Future[Any]] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        try:
            answer = await self._answer(await _read(scope, receive, self.body_s))
        except Unread as refusal:
            answer = self.api.unread(refusal.status).with_headers([("connection", "close")])
        except ClientGone:
            return
        self.tell(Answered(scope["path"], answer.status, (time.perf_counter() - started) * 1000))
        await _write(answer, send)

    async def _answer(self, request: Request) -> Answer:
        outcome = self.api.admit(request)
        return await self._call(outcome) if isinstance(outcome, Call) else outcome

    async def _call(self, call: Call) -> Answer:
        loop = asyncio.get_running_loop()
        invocation = loop.run_in_executor(self.threads, self.invoke, call.function, None, call.event)
        done, _ = await asyncio.wait([invocation], timeout=call.timeout_s)
        if not done:
            self._leave(invocation)
            return call.timed_out
        try:
            return call.answer(invocation.result())
        except JsonRESTError as refusal:
            return call.refused(refusal.code)

    def _leave(self, invocation: asyncio.Future[Any]) -> None:
        """The function runs on, as on AWS, and nobody waits for what it says."""
        self.left.add(invocation)
        invocation.add_done_callback(self.left.discard)
        invocation.add_done_callback(lambda late: late.cancelled() or late.exception())


class Door:
    """A port on loopback and the thread that serves it."""

    def __init__(self, front: Front, port: int = 0) -> None:
        self._socket = socket.create_server(("127.0.0.1", port), backlog=2048)
        self.port = int(self._socket.getsockname()[1])
        self._server = uvicorn.Server(_config(front))
        self._thread = threading.Thread(target=self._serve, name=f"gateway-{self.port}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(POLL_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])


def _config(front: Front) -> uvicorn.Config:
    """Without uvicorn's log configuration: it would write over that of the process."""
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    return uvicorn.Config(
        front,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=STOP_S,
    )


async def _read(scope: Scope, receive: Receive, body_s: float) -> Request:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    path = scope["raw_path"].decode("latin-1")
    _check_size(path, scope["query_string"], headers)
    try:
        async with asyncio.timeout(body_s):
            body = await _body(receive)
    except TimeoutError as slow:
        raise Unread(408) from slow
    return Request(
        method=scope["method"],
        path=path,
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
        source_ip=scope["client"][0],
        protocol=f"HTTP/{scope['http_version']}",
        port=scope["server"][1],
        time_s=time.time(),
    )


def _check_size(path: str, query: bytes, headers: Iterable[tuple[str, str]]) -> None:
    """API Gateway counts the request line with the headers. A body that is too large need not be waited for."""
    if len(path) + len(query) + sum(len(name) + len(value) + 4 for name, value in headers) > HEADERS_LIMIT:
        raise Unread(431)
    lengths = [value for name, value in headers if name == "content-length"]
    if any(int(length) > BODY_LIMIT for length in lengths):
        raise Unread(413)


async def _body(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        received = await receive()
        if received["type"] == "http.disconnect":
            raise ClientGone
        body += received.get("body", b"")
        more = received.get("more_body", False)
        if len(body) > BODY_LIMIT:
            raise Unread(413)
    return bytes(body)


async def _write(answer: Answer, send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers]
    if answer.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if answer.status in (204, 304) else answer.body})
