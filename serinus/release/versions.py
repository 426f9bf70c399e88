"""A published version of a service's function: code and bundles, never to change."""

from dataclasses import dataclass
from datetime import datetime

READY = ("Active", "Inactive")  # who was not asked for long is woken by the next request


@dataclass(frozen=True)
class Version:
    """image: the digest of what runs; state: what Lambda says of it, such as Active, or Pending before it can run."""

    number: str
    published_at: datetime
    image: str
    description: str = ""
    state: str = "Active"

    @property
    def is_ready(self) -> bool:
        return self.state in READY
