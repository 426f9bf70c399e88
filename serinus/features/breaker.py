"""A circuit breaker: after some failures in a row a store is left alone for a while, then one call tries it again.

Not pybreaker's: that holds its lock while it calls, so that threads would wait for each other's store.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from serinus.errors import StoreDown

State = Literal["closed", "open", "half-open"]


class Refused(StoreDown):
    """The store was not even asked."""


@dataclass(frozen=True)
class Trip:
    """failures: in a row, until it opens; cooldown_s: how long it stays open before a call may try."""

    failures: int = 5
    cooldown_s: float = 5.0


class Breaker:
    """Each admitted call says how it went. What was admitted before the last change of state has no say any more."""

    def __init__(self, trip: Trip, clock: Callable[[], float]) -> None:
        self._trip = trip
        self._clock = clock
        self._lock = threading.Lock()
        self._state: State = "closed"
        self._ticket = 0
        self._failures = 0
        self._until = 0.0

    @property
    def state(self) -> State:
        return self._state

    @property
    def wait_s(self) -> float:
        """How long to wait before asking again makes sense."""
        return self._trip.cooldown_s if self._state == "closed" else max(self._until - self._clock(), 0.1)

    def admit(self) -> int:
        """A ticket for one call, or Refused. Half-open, one call at a time; one that never ends lapses."""
        with self._lock:
            if self._state != "closed":
                if self._clock() < self._until:
                    raise Refused("the feature store failed too often; it is left alone for now")
                self._change("half-open")
            return self._ticket

    def succeeded(self, ticket: int) -> None:
        with self._lock:
            if ticket == self._ticket:
                self._failures = 0
                if self._state == "half-open":
                    self._change("closed")

    def failed(self, ticket: int) -> None:
        with self._lock:
            if ticket == self._ticket:
                self._failures += 1
                if self._state == "half-open" or self._failures >= self._trip.failures:
                    self._change("open")

    def _change(self, state: State) -> None:
        self._state = state
        self._ticket += 1
        self._failures = 0
        self._until = self._clock() + self._trip.cooldown_s
