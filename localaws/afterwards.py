"""Tells of invocations after they were answered, as CloudWatch gets to know of them later than the caller."""

import logging
import queue
import threading
from collections.abc import Sequence
from typing import Self

from localaws.dispatch import Listener
from localaws.runtime import Invocation

log = logging.getLogger(__name__)
Told = tuple[str, str, str, Invocation]


class Afterwards:
    """A listener that passes on what it is told, in the same order, in a thread. Leaving the context drops the rest."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners
        self._told: queue.SimpleQueue[Told | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._pass_on, name="afterwards", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._told.put(None)
        self._thread.join()

    def __call__(self, function: str, version: str, text: str, invocation: Invocation) -> None:
        self._told.put((function, version, text, invocation))

    def _pass_on(self) -> None:
        while (told := self._told.get()) is not None and not self._ended.is_set():
            for listener in self._listeners:
                self._tell(listener, told)

    def _tell(self, listener: Listener, told: Told) -> None:
        """A listener that breaks over one invocation goes on with the next: the answer is out already."""
        try:
            listener(*told)
        except Exception:  # the last line of a thread: whatever it is, it must be seen and not end it
            log.exception("%s could not be told of %s", listener.__module__, told[0])
