"""Invoke a function version the way Lambda does: up to a number of sandboxes, each started when it is needed."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self

from localaws.runtime_api import Task
from localaws.worker import FunctionConfig, Worker, WorkerFailed

__all__ = ["FunctionConfig", "Invocation", "RequestTooLarge", "Runtime"]

REQUEST_LIMIT = 6 * 1024 * 1024


class RequestTooLarge(ValueError):
    """Lambda refuses such a request with 413 before any code of the function runs."""


@dataclass(frozen=True)
class Invocation:
    """What one invocation came to; `init_ms` is there when it started its worker, and is not part of `duration_ms`."""

    payload: object
    function_error: str | None
    request_id: str
    duration_ms: float
    logs: str
    init_ms: float | None = None

    @property
    def cold(self) -> bool:
        return self.init_ms is not None


class Runtime:
    """Any number of threads may invoke: they wait for one of `workers` slots, and warm workers go first.

    Leaving the context waits for what is running, at most one timeout, and ends the workers.
    """

    def __init__(self, function: FunctionConfig, *, workers: int = 1) -> None:
        self._function = function
        self._workers = workers
        self._slots = threading.Semaphore(workers)
        self._warm: list[Worker] = []
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        for _slot in range(self._workers):
            self._slots.acquire()
        while self._warm:
            self._warm.pop().stop()
        self._slots.release(self._workers)

    def invoke(self, event: object, *, qualifier: str | None = None) -> Invocation:
        """Send an event as the caller of this version, or of the alias named by `qualifier`."""
        task = self._task(event, qualifier or self._function.version)
        with self._slots:
            if self._closed:
                raise RuntimeError(f"the runtime of {self._function.name} is closed")
            worker = self._warm_worker(task)
            return self._run(worker, task) if worker else self._start_and_run(task)

    def _task(self, event: object, qualifier: str) -> Task:
        body = json.dumps(event).encode()
        if len(body) > REQUEST_LIMIT:
            raise RequestTooLarge(
                f"Request must be smaller than {REQUEST_LIMIT} bytes for the InvokeFunction operation"
            )
        return Task(str(uuid.uuid4()), body, self._function.arn(qualifier))

    def _warm_worker(self, task: Task) -> Worker | None:
        """A worker that died between two invocations fails neither of them."""
        while self._warm:
            try:
                worker = self._warm.pop()
            except IndexError:  # another thread took the last one
                break
            try:
                with _killed_on_error(worker):
                    worker.ready(task)
            except WorkerFailed:
                continue
            return worker
        return None

    def _start_and_run(self, task: Task) -> Invocation:
        started = time.perf_counter()
        worker = Worker(self._function)
        try:
            with _killed_on_error(worker):
                worker.ready(task)
        except WorkerFailed as failure:
            return replace(_failed(worker, task, failure), init_ms=_ms_since(started))
        init_ms = _ms_since(started)
        return replace(self._run(worker, task), init_ms=init_ms)

    def _run(self, worker: Worker, task: Task) -> Invocation:
        started = time.perf_counter()
        try:
            with _killed_on_error(worker):
                reply = worker.run(task)
                duration_ms, logs = _ms_since(started), worker.take_logs()
        except WorkerFailed as failure:
            return replace(_failed(worker, task, failure), duration_ms=_ms_since(started))
        self._warm.append(worker)
        function_error = "Unhandled" if reply.raised else None
        payload = json.loads(reply.body)
        return Invocation(payload, function_error, task.request_id, duration_ms=duration_ms, logs=logs)


@contextmanager
def _killed_on_error(worker: Worker) -> Iterator[None]:
    """Whatever interrupts an exchange, Ctrl-C too, leaves a worker nobody can speak to any more."""
    try:
        yield
    except BaseException:
        worker.kill()
        raise


def _failed(worker: Worker, task: Task, failure: WorkerFailed) -> Invocation:
    return Invocation(failure.error, "Unhandled", task.request_id, duration_ms=0.0, logs=worker.take_logs())


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
