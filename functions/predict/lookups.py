"""What was asked of the feature store, as metrics count it."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Lookups:
    """hits, misses: entities that memory had, or had not; stale: those it had while the store was down; failures: of
    the store; available: whether it is asked at all."""

    hits: int = 0
    misses: int = 0
    stale: int = 0
    failures: int = 0
    available: bool = True

    def since(self, before: Self) -> "Lookups":
        return Lookups(
            self.hits - before.hits,
            self.misses - before.misses,
            self.stale - before.stale,
            self.failures - before.failures,
            self.available,
        )
