"""A function, its alias and its history in memory, as strict as AWS, that can fail at any step."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from serinus.errors import ReleaseError
from serinus.registry.rules import Signature
from serinus.release.gate import Answer
from serinus.release.history import Entry
from serinus.release.routing import Pointed, Routing
from serinus.release.shifting import NotMade, Place
from serinus.release.versions import Version

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
ADA = Signature("ada", AT, "new forest")


def fine() -> None:
    """Nothing goes wrong."""


@dataclass
class Alias:
    """before, after: what happens before and after a shift is made."""

    routing: Routing = field(default_factory=lambda: Routing("1"))
    changes: int = 0
    before: Callable[[], None] = fine
    after: Callable[[], None] = fine
    reading: Callable[[], None] = fine

    @property
    def revision(self) -> str:
        return f"r{self.changes}"

    def get(self) -> Pointed:
        self.reading()
        return Pointed(self.routing, self.revision)

    def shift(self, routing: Routing, seen: str) -> None:
        self.before()
        if seen != self.revision:
            raise NotMade("nothing was changed: somebody else moved it")
        self.move(routing)
        self.after()

    def move(self, routing: Routing) -> None:
        self.routing, self.changes = routing, self.changes + 1


def health(service: str = "tiny", *, equal: bool = True, status: int = 200, **more: Any) -> bytes:
    golden = {"linear": {"equal": equal, "max_difference": 0.5, "tolerance": 1e-5, "label_flips": 3}}
    body = {"service": service, "models": {"linear": "1.0.0"}, "golden": golden} | more
    return json.dumps({"statusCode": status, "body": json.dumps(body), "isBase64Encoded": False}).encode()


@dataclass
class Versions:
    numbers: tuple[str, ...] = ("1", "2", "3")
    state: str = "Active"
    payload: bytes = health()
    asked: list[str] = field(default_factory=list)
    asking: Callable[[], None] = fine

    def all(self) -> list[Version]:
        return [Version(number, AT, "image") for number in reversed(self.numbers)]

    def find(self, number: str) -> Version:
        if number not in self.numbers:
            raise ReleaseError(f"no version {number}")
        return Version(number, AT, "image", state=self.state)

    def ask(self, number: str, event: Mapping[str, Any]) -> Answer:
        self.asking()
        self.asked.append(number)
        return Answer(number, self.payload)


@dataclass
class History:
    kept: dict[int, Entry] = field(default_factory=dict)
    adding: Callable[[], None] = fine
    completing: Callable[[], None] = fine

    def entries(self) -> Sequence[Entry]:
        return [self.kept[number] for number in sorted(self.kept)]

    def add(self, entry: Entry) -> None:
        self.adding()
        if entry.number in self.kept:
            raise ReleaseError(f"entry {entry.number} is somebody else's")
        self.kept[entry.number] = entry

    def complete(self, entry: Entry) -> None:
        self.completing()
        self.kept[entry.number] = entry


@dataclass
class World:
    alias: Alias = field(default_factory=Alias)
    versions: Versions = field(default_factory=Versions)
    history: History = field(default_factory=History)

    @property
    def place(self) -> Place:
        return Place("tiny", self.alias, self.versions, self.history)


def failing(what: str = "no answer") -> Callable[[], None]:
    def fail() -> None:
        raise ReleaseError(what)

    return fail
