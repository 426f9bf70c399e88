"""Features of a Feast feature server, over HTTP. Feast fills its own store: here it is only read.

A value that Feast calls too old is a missing one. What is read is as old as the oldest value of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import httpx
from pydantic import BaseModel, ValidationError

from serinus.errors import ServiceError, StoreDown
from serinus.features.chunks import in_chunks
from serinus.features.store import Stored, Unreadable, Value

CHUNK = 500
CONNECTIONS = 64
Status = Literal["PRESENT", "NULL_VALUE", "NOT_FOUND", "OUTSIDE_MAX_AGE", "INVALID"]


class Names(BaseModel):
    feature_names: list[str]


class Column(BaseModel):
    """One feature of all the entities that were asked for; the entities themselves are a column too."""

    values: list[object]
    statuses: list[Status]
    event_timestamps: list[datetime] = []


class Answer(BaseModel):
    metadata: Names
    results: list[Column]


@dataclass(frozen=True)
class Question:
    """wanted: {"features": [...]} or {"feature_service": name}; entity: its name; key: what Feast calls one of them."""

    wanted: Mapping[str, object]
    entity: str
    key: Callable[[str], object]


@dataclass(frozen=True)
class FeastStore:
    """clock: the time of day; it is when values without a time were put."""

    client: httpx.Client
    question: Question
    clock: Callable[[], float]

    def get(self, entities: Sequence[str]) -> Mapping[str, Stored | Unreadable]:
        found: dict[str, Stored | Unreadable] = {}
        for some in in_chunks(dict.fromkeys(entities), CHUNK):
            found |= self._some(some)
        return found

    def put(self, records: Mapping[str, Stored]) -> None:
        raise ServiceError("Feast's features are pushed with Feast: feast materialize")

    def entities(self) -> Iterator[str]:
        raise ServiceError("Feast's server cannot say which entities it has")

    def ping(self) -> None:
        with _told():
            self.client.get("/health").raise_for_status()

    def _some(self, entities: list[str]) -> Mapping[str, Stored | Unreadable]:
        keys = {entity: key for entity in entities if (key := self._key(entity)) is not None}
        if not keys:
            return {}
        body = {**self.question.wanted, "entities": {self.question.entity: list(keys.values())}}
        with _told():
            answer = self.client.post("/get-online-features", json=body).raise_for_status().content
        columns = _columns(answer, rows=len(keys))
        asked = columns.pop(self.question.entity, None)
        if asked is None or asked.values != list(keys.values()):
            raise StoreDown("Feast was asked for some entities, and answers about others")
        read = {entity: self._stored(columns, row) for row, entity in enumerate(keys)}
        return {entity: stored for entity, stored in read.items() if stored is not None}

    def _key(self, entity: str) -> object:
        """None where there can be no such entity: a word among numbers."""
        try:
            return self.question.key(entity)
        except ValueError:
            return None

    def _stored(self, columns: Mapping[str, Column], row: int) -> Stored | Unreadable | None:
        """None when Feast has found none of the features."""
        statuses = {name: column.statuses[row] for name, column in columns.items()}
        if all(status == "NOT_FOUND" for status in statuses.values()):
            return None
        values: dict[str, Value] = {}
        for name, status in statuses.items():
            value = columns[name].values[row] if status == "PRESENT" else None
            if not isinstance(value, float | int | bool | str | None):
                return Unreadable(f"{name} is no number, truth or text")
            values[name] = value
        moments = [
            column.event_timestamps[row].timestamp()
            for name, column in columns.items()
            if statuses[name] == "PRESENT" and column.event_timestamps
        ]
        return Stored(values, min((moment for moment in moments if moment > 0), default=self.clock()))


def feast_store(address: str, question: Question, *, timeout_s: float, clock: Callable[[], float]) -> FeastStore:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    client = httpx.Client(base_url=address, timeout=timeout_s, limits=limits, trust_env=False)
    return FeastStore(client, question, clock)


def _columns(answer: bytes, *, rows: int) -> dict[str, Column]:
    try:
        parsed = Answer.model_validate_json(answer)
        columns = dict(zip(parsed.metadata.feature_names, parsed.results, strict=True))
    except (ValidationError, ValueError):
        raise StoreDown("what Feast answers is not what its /get-online-features answers") from None
    lists = [each for column in columns.values() for each in (column.values, column.statuses)]
    timed = [column.event_timestamps for column in columns.values() if column.event_timestamps]
    if any(len(each) != rows for each in [*lists, *timed]):
        raise StoreDown(f"Feast was asked for {rows} entities, and answered another number")
    return columns


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise StoreDown(f"Feast answers {error.response.status_code}") from None
    except httpx.HTTPError as error:
        raise StoreDown(f"Feast does not answer: {type(error).__name__}") from None
