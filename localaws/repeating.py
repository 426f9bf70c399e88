"""What AWS does on its own every so often, done in a thread."""

import threading
from collections.abc import Callable
from typing import Self


class Repeatedly:
    """Calls `action` every `interval_s` seconds, in a thread called `name`, until the context is left."""

    def __init__(self, action: Callable[[], None], *, interval_s: float, name: str) -> None:
        self._action = action
        self._interval_s = interval_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._interval_s):
            self._action()
