"""One Lambda sandbox: a `python -m awslambdaric` process and the Runtime API that only it talks to."""

import json
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path

from localaws.containers import Container
from localaws.function import FunctionConfig, start
from localaws.memory import Memory
from localaws.runtime_api import (
    INIT_ERROR,
    NEXT,
    RESPONSE_LIMIT,
    RESTORE_ERROR,
    RESTORE_NEXT,
    Request,
    Task,
    exited,
    out_of_memory,
    parse,
    response,
    timed_out,
    too_large,
)

LOG_LIMIT = 256 * 1024
PIPE_CAPACITY = 64 * 1024
STOP_S = 2.0
POLL_S = 0.05
RESTORE_S = 10.0
NOT_RESTORED = "Runtime.AfterRestoreError"


@dataclass(frozen=True)
class Reply:
    """What the handler returned or raised."""

    body: bytes
    raised: bool


class WorkerFailed(Exception):
    """The worker is of no more use; `error` is what Lambda answers in its place."""

    def __init__(self, error: Mapping[str, object]) -> None:
        super().__init__(str(error["errorMessage"]))
        self.error = error


class Worker:
    """A sandbox takes one task at a time, and the thread that brings the task speaks HTTP itself.

    The runtime client sends one request and waits for the answer, so a server thread would only add
    two thread switches to every invocation.
    """

    def __init__(self, function: FunctionConfig) -> None:
        self._function = function
        self._connection: socket.socket | None = None
        self._received = bytearray()
        self._logs = bytearray()
        self.restore_ms: float | None = None
        with ExitStack() as resources:
            self._selector = resources.enter_context(selectors.DefaultSelector())
            self._listener = resources.enter_context(socket.create_server(("127.0.0.1", 0)))
            resources.callback(self._disconnect)
            container = Container(function.image, function.memory_mb) if function.image else None
            self._process = resources.enter_context(start(function, container, self._listener.getsockname()[1]))
            resources.callback(self._read_logs)
            resources.callback(self._signal, signal.SIGKILL)
            self._memory = resources.enter_context(closing(Memory(self._process.pid, function.memory_mb)))
            if container is not None:
                resources.callback(container.kill)
            self._watch()
            self._resources = resources.pop_all()

    def ready(self, task: Task) -> None:
        """Wait until the worker asks for work; a new one imports its handler before it asks."""
        request = self._request_for(task, {NEXT, INIT_ERROR, RESTORE_NEXT}, self._function.init_timeout_s)
        if request.path == RESTORE_NEXT:
            request = self._restored(task)
        if request.path in (INIT_ERROR, RESTORE_ERROR):
            error = {**json.loads(request.body), "requestId": task.request_id}
            raise WorkerFailed(error | ({"errorType": NOT_RESTORED} if request.path == RESTORE_ERROR else {}))
        if self._process.poll() is not None or _is_zombie(self._process.pid):
            raise WorkerFailed(exited(task, self._process.wait()))

    def _restored(self, task: Task) -> Request:
        """Lambda takes its snapshot here, and a copy goes on from here: with the hooks to run after a restore."""
        started = time.perf_counter()
        self._answer(HTTPStatus.OK, b"")
        request = self._request_for(task, {NEXT, RESTORE_ERROR}, RESTORE_S)
        self.restore_ms = (time.perf_counter() - started) * 1000
        return request

    def run(self, task: Task) -> Reply:
        """Hand the task to a ready worker and wait for what the handler makes of it."""
        timeout_s = self._function.timeout_s
        self._answer(HTTPStatus.OK, task.event, task.headers(deadline_s=time.time() + timeout_s))
        request = self._request_for(task, {task.response_path, task.error_path}, timeout_s)
        if len(request.body) > RESPONSE_LIMIT:
            # The client would exit on the 413 that Lambda sends here: a worker with an oversized answer is lost.
            raise WorkerFailed(too_large())
        if self._memory.is_exceeded:
            raise WorkerFailed(out_of_memory(task))
        self._answer(HTTPStatus.ACCEPTED, b'{"status":"OK"}')
        return Reply(request.body, raised=request.path == task.error_path)

    def take_logs(self) -> str:
        """What the worker wrote since the last call: it is in the pipe before the reply is in the socket."""
        self._read_logs()
        logs = self._logs.decode("utf-8", "replace")
        self._logs.clear()
        return logs

    @property
    def peak_mb(self) -> float:
        """The most memory it ever had."""
        return self._memory.peak_mb

    def stop(self) -> None:
        """Ask first: the process may have something to flush. Without its connection it wakes up to hear it."""
        self._signal(signal.SIGTERM)
        self._disconnect()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_S)
        self.kill()

    def interrupt(self) -> None:
        """From another thread: the one that waits for an answer learns that there is none."""
        self._signal(signal.SIGKILL)

    def kill(self) -> None:
        """End the process at once and with it the children it still has, like Lambda at the deadline."""
        self._resources.close()

    def _watch(self) -> None:
        assert self._process.stdout is not None  # it is a pipe
        os.set_blocking(self._process.stdout.fileno(), False)
        self._selector.register(self._process.stdout, selectors.EVENT_READ, self._read_logs)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _request_for(self, task: Task, paths: Collection[str], timeout_s: float) -> Request:
        deadline = time.monotonic() + timeout_s
        while True:
            while (request := parse(self._received)) is None:
                if time.monotonic() >= deadline:
                    raise WorkerFailed(timed_out(task, timeout_s))
                self._wait(task, deadline)
            self._received.clear()
            if request.path in paths:
                return request
            self._answer(HTTPStatus.NOT_FOUND, b"{}")

    def _wait(self, task: Task, deadline: float) -> None:
        """Read what is there. A worker that says nothing may have died: a child of its may hold its files open."""
        events = self._selector.select(max(0.0, min(POLL_S, deadline - time.monotonic())))
        for key, _ in events:
            key.data()
        if not events and self._memory.is_exceeded:
            raise WorkerFailed(out_of_memory(task))
        if not events and self._process.poll() is not None:
            raise WorkerFailed(exited(task, self._process.returncode))

    def _accept(self) -> None:
        self._disconnect()
        self._connection, _ = self._listener.accept()
        self._connection.settimeout(self._function.timeout_s)
        # With Nagle's algorithm the second segment of an answer waits 40 ms for a delayed acknowledgement.
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(self._connection, selectors.EVENT_READ, partial(self._read, self._connection))

    def _read(self, connection: socket.socket) -> None:
        if connection is not self._connection:  # replaced by a new one in the same round
            return
        received = b""
        with suppress(ConnectionError):
            received = connection.recv(PIPE_CAPACITY)
        self._received += received
        if not received:
            self._disconnect()

    def _read_logs(self) -> None:
        output = self._process.stdout
        if output is None or output.closed:
            return
        written = output.read(PIPE_CAPACITY)
        if written == b"" and output in self._selector.get_map():
            self._selector.unregister(output)
        self._logs += written or b""
        del self._logs[:-LOG_LIMIT]

    def _answer(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """A worker that is gone is not noticed here but by the wait for its next request."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.sendall(response(status, body, headers or {}))

    def _disconnect(self) -> None:
        self._received.clear()
        if self._connection is not None:
            self._selector.unregister(self._connection)
            self._connection.close()
            self._connection = None

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


def _is_zombie(pid: int) -> bool:
    """A killed process of several threads is one for a while, before it can be waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:  # no such folder on this system, or no such process any more
        return False
    return state == "Z"
