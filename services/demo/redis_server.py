"""A Redis of our own, on loopback, that keeps nothing on disk."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from serinus.errors import SerinusError
from services.demo.server import free_port

START_S = 10


def is_installed() -> bool:
    return shutil.which("redis-server") is not None


def address(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


@contextmanager
def running_redis(port: int | None = None) -> Iterator[int]:
    """The port of a server that ends with the block; a free one unless it is said."""
    if not is_installed():
        raise SerinusError("no redis-server on the path; install Redis, such as with: apt-get install redis-server")
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="serinus-redis-") as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            _wait(process, port)
            yield port
        finally:
            process.terminate()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < end:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
    raise SerinusError(f"redis-server does not answer at port {port}; its exit status: {process.poll()}")
