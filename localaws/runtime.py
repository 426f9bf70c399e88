"""Invoke a function version the way Lambda does: up to a number of sandboxes, each started when it is needed."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Self

from localaws.function import FunctionConfig
from localaws.runtime_api import Task
from localaws.worker import Worker, WorkerFailed

__all__ = ["Closed", "FunctionConfig", "Invocation", "RequestTooLarge", "Runtime"]

REQUEST_LIMIT = 6 * 1024 * 1024


class RequestTooLarge(ValueError):
    """Lambda refuses such a request with 413 before any code of the function runs."""


@dataclass(frozen=True)
class Invocation:
    """What one invocation came to.

    init_ms: there when it started its worker, and not part of duration_ms; restore_ms: the part of it that Lambda
    spends after it has restored a snapshot; peak_mb: the most memory its worker ever had
    """

    body: bytes
    function_error: str | None
    request_id: str
    duration_ms: float
    logs: str
    version: str
    init_ms: float | None = None
    restore_ms: float | None = None
    peak_mb: float = 0.0

    @property
    def payload(self) -> Any:
        return json.loads(self.body)

    @property
    def cold(self) -> bool:
        return self.init_ms is not None


@dataclass(frozen=True)
class Rested:
    """A worker that waits for work, since when it does."""

    worker: Worker
    since: float


class Closed(RuntimeError):
    """A runtime that is closed takes no more invocations."""


class Runtime:
    """Any number of threads may invoke: they wait for one of `workers` slots, and warm workers go first.

    Leaving the context waits for what is running, at most one timeout, and ends the workers.
    """

    def __init__(self, function: FunctionConfig, *, workers: int = 1) -> None:
        self._function = function
        self._workers = workers
        self._slots = threading.Semaphore(workers)
        self._warm: list[Rested] = []
        self._busy: set[Worker] = set()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._closed = True
        for _slot in range(self._workers):
            self._slots.acquire()
        self.end_idle(0)
        self._slots.release(self._workers)

    def interrupt(self) -> None:
        """Fail what runs now, for one who cannot wait for it."""
        for worker in list(self._busy):
            worker.interrupt()

    def invoke(self, event: object, *, qualifier: str | None = None) -> Invocation:
        """Send an event as the caller of this version, or of the alias named by `qualifier`."""
        return self.send(json.dumps(event).encode(), qualifier or self._function.version)

    def send(self, body: bytes, qualifier: str) -> Invocation:
        """As `invoke`, of an event that is JSON already."""
        task = self._task(body, qualifier)
        with self._slots:
            if self._closed:
                raise Closed(f"the runtime of {self._function.name} is closed")
            worker = self._warm_worker(task)
            return self._run(worker, task) if worker else self._start_and_run(task)

    def end_idle(self, idle_s: float) -> None:
        """End the workers that nobody needed for so long: the ones at the front, as the warmest go first."""
        with suppress(IndexError):  # that was the last one, or another thread took it
            while time.monotonic() - self._warm[0].since >= idle_s:
                self._warm.pop(0).worker.stop()

    def _task(self, body: bytes, qualifier: str) -> Task:
        if len(body) > REQUEST_LIMIT:
            raise RequestTooLarge(
                f"Request must be smaller than {REQUEST_LIMIT} bytes for the InvokeFunction operation"
            )
        return Task(str(uuid.uuid4()), body, self._function.arn(qualifier))

    def _warm_worker(self, task: Task) -> Worker | None:
        """A worker that died between two invocations fails neither of them."""
        while self._warm:
            try:
                worker = self._warm.pop().worker
            except IndexError:  # another thread took the last one
                break
            try:
                with self._held(worker):
                    worker.ready(task)
            except WorkerFailed:
                continue
            return worker
        return None

    def _start_and_run(self, task: Task) -> Invocation:
        started = time.perf_counter()
        worker = Worker(self._function)
        try:
            with self._held(worker):
                worker.ready(task)
        except WorkerFailed as failure:
            return replace(self._failed(worker, task, failure), init_ms=_ms_since(started))
        init_ms = _ms_since(started)
        return replace(self._run(worker, task), init_ms=init_ms, restore_ms=worker.restore_ms)

    def _run(self, worker: Worker, task: Task) -> Invocation:
        started = time.perf_counter()
        try:
            with self._held(worker):
                reply = worker.run(task)
                duration_ms, logs = _ms_since(started), worker.take_logs()
        except WorkerFailed as failure:
            return replace(self._failed(worker, task, failure), duration_ms=_ms_since(started))
        peak_mb = worker.peak_mb
        self._warm.append(Rested(worker, time.monotonic()))
        answered = self._answered(task, reply.body, "Unhandled" if reply.raised else None)
        return replace(answered, duration_ms=duration_ms, logs=logs, peak_mb=peak_mb)

    @contextmanager
    def _held(self, worker: Worker) -> Iterator[None]:
        """Whatever interrupts an exchange, Ctrl-C too, leaves a worker nobody can speak to any more."""
        self._busy.add(worker)
        try:
            yield
        except BaseException:
            worker.kill()
            raise
        finally:
            self._busy.discard(worker)

    def _failed(self, worker: Worker, task: Task, failure: WorkerFailed) -> Invocation:
        answered = self._answered(task, json.dumps(failure.error).encode(), "Unhandled")
        return replace(answered, logs=worker.take_logs(), peak_mb=worker.peak_mb)

    def _answered(self, task: Task, body: bytes, function_error: str | None) -> Invocation:
        return Invocation(
            body, function_error, task.request_id, duration_ms=0.0, logs="", version=self._function.version
        )


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
