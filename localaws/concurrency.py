"""How many invocations run at once: Lambda lets no one wait, it refuses."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from localaws.refusals import throttled

RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
UNRESERVED = "ConcurrentInvocationLimitExceeded"


@dataclass(frozen=True)
class Claim:
    """One of the at most `limit` invocations of something, and what is said when there are as many already."""

    of: str
    limit: int
    reason: str


class Slots:
    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, claims: Sequence[Claim]) -> Iterator[None]:
        """All of them, or none."""
        with self._lock:
            for claim in claims:
                if self._running[claim.of] >= claim.limit:
                    raise throttled(claim.reason)
            self._running.update(claim.of for claim in claims)
        try:
            yield
        finally:
            with self._lock:
                self._running.subtract(claim.of for claim in claims)
