"""Asks a store for features without being hurt by it: memory in front, retries, a circuit breaker."""

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from serinus.errors import StoreDown
from serinus.features.breaker import Breaker, Refused, Trip
from serinus.features.memory import Found, Memory
from serinus.features.store import FeatureStore, Stored, Unreadable

FIRST_PAUSE_S = 0.05
LONGEST_ENTITY = 1024  # bytes; DynamoDB takes a few more
SURROGATE = re.compile("[\ud800-\udfff]")
NOBODY = Found(None, "store")

__all__ = ["Counts", "Found", "Lookup", "Patience", "World"]


@dataclass(frozen=True)
class Patience:
    """ttl_s: how long an answer is as good as asking; entries: remembered at most; retries: after the first attempt."""

    ttl_s: float = 300
    entries: int = 100_000
    retries: int = 2
    trip: Trip = field(default_factory=Trip)


@dataclass(frozen=True)
class World:
    """clock: seconds that only ever grow; chance: a number from 0 to 1."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    chance: Callable[[], float]


@dataclass
class Counts:
    """Since the start. hits, misses, stale: entities; failures: attempts at the store."""

    hits: int = 0
    misses: int = 0
    stale: int = 0
    failures: int = 0


class Lookup:
    """Several threads may use it at once.

    "No such entity" is not remembered: what was just pushed is found at once, and made-up names cannot push real ones
    out of the memory. Neither is what could not be read.
    """

    def __init__(self, store: FeatureStore, patience: Patience, world: World) -> None:
        self._store = store
        self._memory = Memory(entries=patience.entries, ttl_s=patience.ttl_s, clock=world.clock)
        self._breaker = Breaker(patience.trip, world.clock)
        self._chance = world.chance
        self._retrying = Retrying(
            stop=stop_after_attempt(patience.retries + 1),
            wait=self._pause_s,
            retry=retry_if_exception(_is_worth_another_try),
            sleep=world.sleep,
            reraise=True,
        )
        self._lock = threading.Lock()
        self.counts = Counts()

    @property
    def available(self) -> bool:
        """Whether the store answered when it was asked last, or failed but a few times in a row."""
        return self._breaker.state == "closed"

    def remembered(self, entities: Sequence[str]) -> dict[str, Found] | None:
        """All of them from memory, or None. Never blocks."""
        found = self._memory.all_fresh(entities)
        if found is not None:
            with self._lock:
                self.counts.hits += len(found)
        return found

    def fetch(self, entities: Sequence[str]) -> dict[str, Found]:
        """Each of them; may block. StoreDown when the store is, and memory does not have all of them either."""
        wanted = dict.fromkeys(entities)
        found = self._memory.fresh(wanted) | {entity: NOBODY for entity in wanted if not _can_be_a_key(entity)}
        asked = [entity for entity in wanted if entity not in found]
        self._count(hits=len(found), misses=len(asked))
        return found | self._ask(asked) if asked else found

    def _ask(self, entities: list[str]) -> dict[str, Found]:
        try:
            answer = self._retrying(self._attempt, entities)
        except StoreDown as down:
            stale = self._memory.stale(entities)
            self._count(stale=len(stale))
            if len(stale) < len(entities):
                raise StoreDown(str(down), retry_after_s=self._breaker.wait_s) from down
            return stale
        found = {entity: answer.get(entity) for entity in entities}
        for entity, stored in found.items():
            self._learn(entity, stored)
        return {entity: Found(stored, "store") for entity, stored in found.items()}

    def _attempt(self, entities: list[str]) -> dict[str, Stored | Unreadable]:
        ticket = self._breaker.admit()
        try:
            answer = dict(self._store.get(entities))
        except BaseException:
            self._breaker.failed(ticket)
            self._count(failures=1)
            raise
        self._breaker.succeeded(ticket)
        return answer

    def _learn(self, entity: str, stored: Stored | Unreadable | None) -> None:
        if isinstance(stored, Stored):
            self._memory.keep(entity, stored)
        else:
            self._memory.forget(entity)

    def _pause_s(self, state: RetryCallState) -> float:
        """Anything up to twice as long each time, so that those who failed together do not come back together."""
        return self._chance() * FIRST_PAUSE_S * 2.0 ** (state.attempt_number - 1)

    def _count(self, *, hits: int = 0, misses: int = 0, stale: int = 0, failures: int = 0) -> None:
        with self._lock:
            self.counts.hits += hits
            self.counts.misses += misses
            self.counts.stale += stale
            self.counts.failures += failures


def _can_be_a_key(entity: str) -> bool:
    """No store can have another one, and some take the question for a failure of theirs."""
    return 0 < len(entity.encode("utf-8", "surrogatepass")) <= LONGEST_ENTITY and not SURROGATE.search(entity)


def _is_worth_another_try(error: BaseException) -> bool:
    return isinstance(error, StoreDown) and not isinstance(error, Refused)
