"""What was found lately, by entity: a bounded number of entries, the least recently used forgotten first."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from serinus.features.store import Stored, Unreadable


@dataclass(frozen=True, slots=True)
class Found:
    """stored: None when there is no such entity. source: stale when the store is down and it is what it said before."""

    stored: Stored | Unreadable | None
    source: Literal["store", "stale"]


class Memory:
    """Several threads may use it at once; none holds the lock for longer than one question takes."""

    def __init__(self, *, entries: int, ttl_s: float, clock: Callable[[], float]) -> None:
        self._entries = entries
        self._ttl_s = ttl_s
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, Found]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def all_fresh(self, entities: Iterable[str]) -> dict[str, Found] | None:
        """All of them, or None."""
        kept, now, found = self._kept, self._clock(), {}
        with self._lock:
            for entity in entities:
                entry = kept.get(entity)
                if entry is None or entry[0] <= now:
                    return None
                kept.move_to_end(entity)
                found[entity] = entry[1]
        return found

    def fresh(self, entities: Iterable[str]) -> dict[str, Found]:
        """Those that are fresh."""
        return {entity: found for entity in entities for found in (self.all_fresh([entity]) or {}).values()}

    def stale(self, entities: Iterable[str]) -> dict[str, Found]:
        """Those that are there at all, fresh or not."""
        entries = ((entity, self._kept.get(entity)) for entity in entities)
        return {entity: Found(entry[1].stored, "stale") for entity, entry in entries if entry is not None}

    def keep(self, entity: str, stored: Stored) -> None:
        found = Found(stored, "store")
        with self._lock:
            self._kept[entity] = (self._clock() + self._ttl_s, found)
            self._kept.move_to_end(entity)
            if len(self._kept) > self._entries:
                self._kept.popitem(last=False)

    def forget(self, entity: str) -> None:
        with self._lock:
            self._kept.pop(entity, None)
