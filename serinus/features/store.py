"""What a feature store is: entity in, the values kept for it out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Value = float | int | bool | str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store holds of one entity. at: when it was put there, in seconds since the epoch."""

    values: Mapping[str, Value]
    at: float


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entity whose stored bytes are no features. reason: without any value."""

    reason: str


class FeatureStore(Protocol):
    """Several threads may use it at once."""

    def get(self, entities: Sequence[str]) -> Mapping[str, Stored | Unreadable]:
        """Those it has; StoreDown when it cannot say."""

    def put(self, records: Mapping[str, Stored]) -> None:
        """StoreDown when it is not certain that all of them are kept; to put them again does no harm."""

    def entities(self) -> Iterator[str]:
        """Each of those it has, once, in no particular order."""

    def ping(self) -> None:
        """StoreDown when it does not answer."""
