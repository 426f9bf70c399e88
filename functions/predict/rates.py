"""How often one client may ask: `burst` requests, and as many again every 60 x burst / rate_per_minute seconds.

A fixed window from the client's first request: who asks evenly, at the rate itself, is never refused. The moving window
of `limits` would be stricter at the seams, and keeps every client it ever saw.
"""

from threading import Timer
from time import time

from limits.storage import MemoryStorage

MOST_CLIENTS = 20_000  # at once; 10 MB


class Rates:
    """Counts in this process only, by the wall clock."""

    def __init__(self, per_minute: int, burst: int, *, most_clients: int = MOST_CLIENTS) -> None:
        self.burst = burst
        self.window_s = 60 * burst / per_minute
        self._most_clients = most_clients
        self._counts = _storage()

    def wait_s(self, client: str) -> float:
        """Count a request of `client`: 0 if it may pass, else the seconds until one will."""
        if len(self._counts.storage) >= self._most_clients:
            self._forget()
        asked = self._counts.incr(client, self.window_s)
        return 0.0 if asked <= self.burst else max(self._counts.get_expiry(client) - time(), 0.001)

    def _forget(self) -> None:
        """Those whose window is over; if that many ask at once, all start afresh: they are no client a limit stops."""
        for client in list(self._counts.storage):
            self._counts.get(client)
        if len(self._counts.storage) >= self._most_clients:
            self._counts = _storage()


class _Idle(Timer):
    """In place of the thread that limits would start a hundred times a second to forget windows that are over."""

    def __init__(self) -> None:
        super().__init__(0, lambda: None)

    def is_alive(self) -> bool:
        return True


def _storage() -> MemoryStorage:
    storage = MemoryStorage()
    storage.timer.cancel()
    storage.timer = _Idle()
    return storage
