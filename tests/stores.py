"""Feature stores as tests need them: real ones, on loopback, that can be slow, go away and come back.

`redis_server` (session) is a Redis of our own; `line_to` is a TCP proxy to put in front of any server.
"""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from services.demo.redis_server import is_installed, running_redis

BLOCK = 65536


@pytest.fixture(scope="session")
def redis_server() -> Iterator[int]:
    """The port of a Redis for the whole session: tests keep apart by the names of their services."""
    if not is_installed():
        pytest.skip("REDIS MISSING: no redis-server on the path; install it, as .ci/run does")
    with running_redis() as port:
        yield port


@dataclass
class Line:
    """A TCP proxy to `target`. delay_s: what every answer takes longer; is_cut: no connection lives.

    connections: how often somebody has tried to connect
    """

    target: int
    delay_s: float = 0.0
    is_cut: bool = False
    port: int = 0
    connections: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        self.is_cut = True
        for end in self._open:
            _close(end)
        self._open.clear()

    def mend(self) -> None:
        self.is_cut, self.delay_s = False, 0.0

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.is_cut:
                _close(near)
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.append(end)
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        try:
            while True:
                for end in select.select([near, far], [], [])[0]:
                    block = end.recv(BLOCK)
                    if not block:
                        return
                    if end is far:
                        time.sleep(self.delay_s)
                    (near if end is far else far).sendall(block)
        except (OSError, ValueError):
            return  # one of them was closed, or cut
        finally:
            _close(near)
            _close(far)


def _close(end: socket.socket) -> None:
    with suppress(OSError):  # it was closed already
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """In front of the server on `port`: a port of its own, which can be made slow or cut."""
    listener = socket.create_server(("127.0.0.1", 0))
    line = Line(port, port=listener.getsockname()[1])
    thread = threading.Thread(target=line.serve, args=(listener,), daemon=True)
    thread.start()
    try:
        yield line
    finally:
        line.cut()
        _close(listener)
        thread.join(timeout=5)


@contextmanager
def http_server(handler: type[BaseHTTPRequestHandler], **attributes: object) -> Iterator[int]:
    """The port of a server whose `handler` finds `attributes` at its class."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (handler,), attributes))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class ToMoto(BaseHTTPRequestHandler):
    """Carries what arrives on loopback to moto, which plays AWS in this process: so that the network is a real one."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    disable_nagle_algorithm = True

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service = "dynamodb" if "X-Amz-Target" in self.headers else "s3"
        url = f"https://{service}.eu-central-1.amazonaws.com{self.path}"
        headers = {name: value for name, value in self.headers.items() if name != "Host"}
        response = requests.request(self.command, url, headers=headers, data=body, timeout=30)
        self.send_response(response.status_code)
        for name, value in response.headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "content-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.content)))
        self.end_headers()
        self.wfile.write(response.content)

    def handle_expect_100(self) -> bool:
        going_on = super().handle_expect_100()
        self.wfile.flush()  # boto3 waits for it
        return going_on

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

    def log_message(self, format: str, *args: Any) -> None:
        pass
