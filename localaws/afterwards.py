"""Tells of invocations after they were answered, as CloudWatch gets to know of them later than the caller."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Self

from localaws.dispatch import Listener
from localaws.repeating import Repeatedly
from localaws.runtime import Invocation

log = logging.getLogger(__name__)
LATER_S = 1.0
Told = tuple[str, str, str, Invocation]


class Afterwards:
    """A listener that passes on what it is told within a second, in the same order, in a thread.

    each: are told of every invocation; together: what a version wrote in that second they get as one text, because
    what they do with a text costs more than with a line. Leaving the context drops what was not passed on.
    """

    def __init__(self, each: Sequence[Listener], together: Sequence[Listener]) -> None:
        self._each, self._together = each, together
        self._told: deque[Told] = deque()
        self._repeatedly = Repeatedly(self._pass_on, interval_s=LATER_S, name="afterwards")

    def __enter__(self) -> Self:
        self._repeatedly.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._repeatedly.__exit__()

    def __call__(self, function: str, version: str, text: str, invocation: Invocation) -> None:
        self._told.append((function, version, text, invocation))

    def _pass_on(self) -> None:
        told = [self._told.popleft() for _ in range(len(self._told))]
        for one in told:
            self._tell(self._each, one)
        for one in _joined(told):
            self._tell(self._together, one)

    def _tell(self, listeners: Sequence[Listener], told: Told) -> None:
        """A listener that breaks over one invocation goes on with the next: the answer is out already."""
        for listener in listeners:
            if self._repeatedly.has_ended:
                return
            try:
                listener(*told)
            except Exception:  # the last line of a thread: it must be seen, and not end the thread
                log.exception("%s could not be told of %s", _name(listener), told[0])


def _joined(told: Sequence[Told]) -> list[Told]:
    """One of each version, with all that it wrote and the last of its invocations."""
    texts: dict[tuple[str, str], list[str]] = {}
    last: dict[tuple[str, str], Invocation] = {}
    for function, version, text, invocation in told:
        texts.setdefault((function, version), []).append(text)
        last[function, version] = invocation
    return [(*version, "\n".join(lines), last[version]) for version, lines in texts.items()]


def _name(listener: Callable[..., object]) -> str:
    return f"{listener.__module__}.{getattr(listener, '__qualname__', '')}"
