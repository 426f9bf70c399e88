"""Stored features on the way of a request: from memory at once, or from the store while others are answered."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from functions.predict.lookups import Lookups
from serinus.errors import StoreDown
from serinus.features.memory import Found
from serinus.features.store import FeatureStore, Stored

if TYPE_CHECKING:  # it brings what only services with a store need at a cold start
    from serinus.features.lookup import Lookup

Outcome = Found | StoreDown
Outcomes = Mapping[str, Outcome]
THREADS = 32  # each waits for the store: Python's own 6 on two cores would hold up a store that takes 20 ms
PULSE_S = 5  # health checks come from anywhere, and as often as they like


class Stock:
    """max_age_s: what was stored longer ago counts as stale, None: never; clock: seconds since the epoch."""

    def __init__(
        self, lookup: "Lookup", store: FeatureStore, max_age_s: float | None, clock: Callable[[], float]
    ) -> None:
        self._lookup = lookup
        self._store = store
        self._max_age_s = max_age_s
        self._clock = clock
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="lookup")
        self._told = Lookups()
        self._pulse = (-PULSE_S - 1.0, False)

    def remembered(self, entities: Sequence[str]) -> Outcomes | None:
        """All of them from memory, or None."""
        return self._lookup.remembered(entities)

    async def fetched(self, entities: Sequence[str]) -> Outcomes:
        """Each of them, from wherever it comes; nobody else waits."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._fetched, entities)

    def _fetched(self, entities: Sequence[str]) -> Outcomes:
        outcome = self._alone(entities)
        if not isinstance(outcome, StoreDown):
            return outcome
        if len(entities) == 1:
            return {entities[0]: outcome}
        found: dict[str, Outcome] = {}
        for entity in entities:  # memory may have some; the breaker sees to it that the store is not asked for each
            one = self._alone([entity])
            found[entity] = one if isinstance(one, StoreDown) else one[entity]
        return found

    def _alone(self, entities: Sequence[str]) -> dict[str, Found] | StoreDown:
        try:
            return self._lookup.fetch(entities)
        except StoreDown as down:
            return down

    def is_old(self, stored: Stored) -> bool:
        return self._max_age_s is not None and self._clock() - stored.at > self._max_age_s

    def counted(self) -> Lookups:
        """What was looked up since this was asked last; only the event loop asks."""
        now, before = self._lookup.counts, self._told
        self._told = Lookups(now.hits, now.misses, now.stale, now.failures, self._lookup.available)
        return self._told.since(before)

    def is_available(self) -> bool:
        """Whether the store answers, asked at most every few seconds; may block for as long as an answer may take."""
        at, answered = self._pulse
        if abs(self._clock() - at) > PULSE_S:
            answered = self._answers()
            self._pulse = (self._clock(), answered)
        return answered

    def reconnect(self) -> None:
        """Where the connection ended unnoticed: one question finds that out and drops it, the next opens another."""
        answered = self._answers() or self._answers()
        self._pulse = (self._clock(), answered)

    def _answers(self) -> bool:
        try:
            self._store.ping()
        except StoreDown:
            return False
        return True
