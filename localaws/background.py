"""Asynchronous invocations: taken at once, run in the order they came in, tried again when they fail."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)


class Background:
    """pauses_s: before each further attempt. Lambda makes two, after one minute and after two more."""

    def __init__(self, *, workers: int, pauses_s: Sequence[float]) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="asynchronous invocation")
        self._pauses_s = pauses_s
        self._closing = threading.Event()

    def submit(self, attempt: Callable[[], bool], *, retries: int, what: str) -> None:
        """attempt: whether it went well; what: how the log names an event that is given up, with no one to tell."""
        self._threads.submit(self._run, attempt, retries, what)

    def stop(self) -> None:
        """Begin nothing more: events that wait are lost, as there is nowhere to keep them."""
        self._closing.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def wait(self) -> None:
        """For what had begun."""
        self._threads.shutdown()

    def _run(self, attempt: Callable[[], bool], retries: int, what: str) -> None:
        for pause_s in (0.0, *self._pauses_s[:retries]):
            if self._closing.wait(pause_s) or attempt():
                return
        log.warning("%s: given up an event after %d attempts", what, retries + 1)
