"""How often one may: token buckets for throttling, counters for quotas. API Gateway counts both for a key at a time."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Limit:
    """rate: requests a second; burst: how many may come at once."""

    rate: float
    burst: int


@dataclass(frozen=True)
class Quota:
    limit: int
    period: str


@dataclass
class _Bucket:
    limit: Limit
    tokens: float
    filled_s: float


class Meters:
    """The buckets and counters of all gateways of one process; a changed limit starts a full bucket."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[Hashable, _Bucket] = {}
        self._counts: dict[Hashable, tuple[str, int]] = {}

    def takes(self, who: Hashable, limit: Limit) -> bool:
        """Whether `who` may ask once more now."""
        with self._lock:
            now = self._clock()
            bucket = self._buckets.get(who)
            if bucket is None or bucket.limit != limit:
                bucket = self._buckets[who] = _Bucket(limit, limit.burst, now)
            grown = max(0.0, now - bucket.filled_s) * limit.rate
            bucket.tokens, bucket.filled_s = min(limit.burst, bucket.tokens + grown), now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True

    def counts(self, who: Hashable, quota: Quota) -> bool:
        """Whether `who` has requests left in this day, week or month, and one less afterwards."""
        with self._lock:
            period = _named(quota.period, datetime.fromtimestamp(self._clock(), UTC))
            counted, used = self._counts.get(who, (period, 0))
            used = used if counted == period else 0
            if used >= quota.limit:
                return False
            self._counts[who] = (period, used + 1)
            return True


def _named(period: str, now: datetime) -> str:
    return now.strftime({"DAY": "%Y-%m-%d", "WEEK": "%G-W%V", "MONTH": "%Y-%m"}[period])
