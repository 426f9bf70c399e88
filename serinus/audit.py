"""The audit record: who asked when about whom, and what they were told. Never a feature, never the entity itself.

An entity goes by its pseudonym, a keyed hash: who has the key can find the records of somebody, and nobody else can
tell who a record is about, or try out who it might be.
"""

import hmac
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

from serinus.errors import InputError, ServiceError
from serinus.record import Form
from serinus.service import Service

EVENT = "audit"
LEAST_KEY = 32
SETTING = "SERINUS_AUDIT_KEY"
HOW = (
    f"set {SETTING} to {LEAST_KEY} or more characters drawn at random, such as `openssl rand -hex 32` prints, or "
    "SERINUS_AUDIT_SECRET to the secret of AWS Secrets Manager that holds them"
)


@dataclass(frozen=True)
class Pseudonyms:
    """Of the entities of one service: the same entity has another one in another service, or under another key."""

    service: str
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, service: str, key: str | None) -> "Pseudonyms":
        """ServiceError when there is no key to speak of."""
        if key is None or len(key) < LEAST_KEY:
            got = (
                "there is no key for its audit record"
                if key is None
                else f"the key of its audit record has {len(key)} characters"
            )
            raise ServiceError(f"{service} is about people ([privacy] personal = true), and {got}: {HOW}")
        return cls(service, key.encode())

    @cached_property
    def key_id(self) -> str:
        """Tells keys apart where one was replaced; says nothing of the key."""
        return sha256(b"serinus audit key " + self.key).hexdigest()[:8]

    def of_entity(self, entity: str) -> str:
        return _pseudonym(self.key, f"{self.service}\0{entity}")


@lru_cache(maxsize=10_000)  # patients come back; a keyed hash costs as much as looking their features up
def _pseudonym(key: bytes, said: str) -> str:
    return hmac.digest(key, said.encode("utf-8", "backslashreplace"), "sha256").hex()  # JSON spells lone surrogates


@dataclass(frozen=True)
class Found:
    """What a log holds of an entity. unreadable: lines that are no record, cut short by a full disk; other_keys: how
    many records of the service under other keys there are, by key: whose they are cannot be told."""

    records: tuple[Mapping[str, Any], ...]
    unreadable: int
    other_keys: Mapping[str, int]


def find_in(files: Iterable[Path], entity: str, pseudonyms: Pseudonyms) -> Found:
    """The records of `entity` in log `files`, oldest file first as they are given."""
    try:
        with ExitStack() as stack:
            opened = [stack.enter_context(file.open(encoding="utf-8", errors="replace")) for file in files]
            return find(chain.from_iterable(opened), entity, pseudonyms)
    except OSError as error:
        raise ServiceError(f"cannot read {error.filename}: {error.strerror}") from error


def find(lines: Iterable[str], entity: str, pseudonyms: Pseudonyms) -> Found:
    """The records of `entity` among `lines` of a log, which may hold other lines too."""
    records: list[Mapping[str, Any]] = []
    unreadable, other_keys = 0, Counter[str]()
    wanted = pseudonyms.of_entity(entity)
    for record in _records(lines):
        if record is None:
            unreadable += 1
        elif record.get("service") != pseudonyms.service:
            continue
        elif record.get("key") != pseudonyms.key_id:
            other_keys[str(record.get("key"))] += 1
        elif record.get("entity") == wanted:
            records.append(record)
    return Found(tuple(records), unreadable, other_keys)


def entity_of(service: Service, text: str) -> str:
    """The entity that `text` names, as a request would: 007 and 7 are one integer. ServiceError when it names none."""
    if service.features is None:
        raise ServiceError(f"{service.name} knows no entities: its service.toml has no [features]")
    name = service.features.entity
    [named] = (one for one in service.input.given if one.name == name)
    try:
        return Form.of(service.input, "allow").entity({name: named.parsed(text)}, name)
    except InputError:
        raise ServiceError(f"that is no {name} of {service.name}: expected {named.expected}") from None


def _records(lines: Iterable[str]) -> Iterator[Mapping[str, Any] | None]:
    """The audit records among `lines`; None in place of what cannot be read."""
    for line in lines:
        if not line.strip():
            continue
        try:
            said = json.loads(line)
        except ValueError:
            yield None
            continue
        if isinstance(said, dict) and said.get("event") == EVENT:
            yield said
