"""The two places a registry can be at, with what tests do to them: damage files, strike at the n-th write."""

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import boto3

from serinus.aws.registry import bucket_shelf, create
from serinus.bundle import Bundle
from serinus.registry.folder_store import folder_shelf
from serinus.registry.record import Record
from serinus.registry.rules import Signature
from serinus.registry.shelf import Shelf
from serinus.service import bundle_folder
from tests.bundles import write_bundle

BUCKET, TABLE = "models-of-tests", "registry-of-tests"
URL = f"s3://{BUCKET}/team"
WRITES = ("PutObject", "CopyObject", "DeleteObject", "TransactWriteItems", "PutItem", "UpdateItem")
EVENTS = ("os.rename", "os.link", "os.symlink", "os.mkdir", "os.remove", "os.rmdir", "os.truncate")
Strike = Callable[[], None]


class Killed(BaseException):
    """Nothing can catch it, and from then on nothing is written any more: as good as dead."""


class Place(Protocol):
    def shelf(self) -> Shelf: ...
    def alter(self, record: Record, file: str, contents: bytes | None) -> None:
        """Write `contents` over a file of the store, or remove it."""

    def at_write(self, number: int, strike: Strike) -> Any:
        """A context in which `strike` is called at the write of that number, and at those after it."""


@dataclass(frozen=True)
class FolderPlace:
    root: Path

    def shelf(self) -> Shelf:
        return folder_shelf(self.root)

    def alter(self, record: Record, file: str, contents: bytes | None) -> None:
        path = self.root / record.storage_path / file
        path.unlink()
        if contents is not None:
            path.write_bytes(contents)

    @contextmanager
    def at_write(self, number: int, strike: Strike) -> Iterator[None]:
        count = itertools.count(1)

        def watch(event: str, arguments: tuple[Any, ...]) -> None:
            if self._is_write(event, arguments) and next(count) >= number:
                strike()

        _listen()
        _watchers.append(watch)
        try:
            yield
        finally:
            _watchers.remove(watch)

    def _is_write(self, event: str, arguments: tuple[Any, ...]) -> bool:
        path = str(arguments[0]) if arguments else ""
        opens = event == "open" and any(letter in str(arguments[1]) for letter in "wax+")
        return (opens or event in EVENTS) and (path.startswith(str(self.root)) or not path.startswith("/"))


_watchers: list[Callable[[str, tuple[Any, ...]], None]] = []


@cache
def _listen() -> None:
    """By Python's will no audit hook is ever removed again: the first who needs it adds it."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        for watcher in tuple(_watchers):
            watcher(event, arguments)

    sys.addaudithook(hook)


@dataclass(frozen=True)
class BucketPlace:
    """Inside `moto.mock_aws`. Every write is struck twice: before AWS hears of it, and after, before we hear of it."""

    opened: list[Shelf] = field(default_factory=list)

    def prepare(self) -> "BucketPlace":
        region = {"LocationConstraint": "eu-central-1"}
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=region)
        create(URL, TABLE)
        return self

    def shelf(self) -> Shelf:
        """Opened once: it holds nothing but clients, and those take long to make."""
        if not self.opened:
            self.opened.append(self._open())
        return self.opened[0]

    def _open(self) -> Shelf:
        shelf = bucket_shelf(URL, TABLE)
        for client in (shelf.ledger.client, shelf.store.bucket.client):
            for operation in WRITES:
                for moment in ("before-call", "after-call"):
                    client.meta.events.register(f"{moment}.*.{operation}", _struck)
        return shelf

    def alter(self, record: Record, file: str, contents: bytes | None) -> None:
        key = f"team/models/{record.model_name}/v{record.version}/{file}"
        client = boto3.client("s3")
        if contents is None:
            client.delete_object(Bucket=BUCKET, Key=key)
        else:
            client.put_object(Bucket=BUCKET, Key=key, Body=contents)

    @contextmanager
    def at_write(self, number: int, strike: Strike) -> Iterator[None]:
        count = itertools.count(1)

        def watch() -> None:
            if next(count) >= number:
                strike()

        _strikes.append(watch)
        try:
            yield
        finally:
            _strikes.remove(watch)


_strikes: list[Strike] = []


def _struck(**event: Any) -> None:
    for strike in tuple(_strikes):
        strike()


def die() -> None:
    raise Killed


def once(act: Strike) -> Strike:
    """`act` the first time, and nothing at what is written after, or by `act` itself."""
    pending = [act]

    def strike() -> None:
        if pending:
            pending.pop()()

    return strike


def made(folder: Path, version: str = "1.0.0", *, seed: int = 0, name: str = "linear", **how: Any) -> Bundle:
    """A bundle like a training would give, another one for each `seed`."""
    models = folder / f"made-{seed}"
    known = bundle_folder(models, name, version)
    if known.exists():
        return Bundle.load(known)
    return write_bundle(models, name, version=version, f1_score=0.9 - seed / 1000, **how)


def signature(by: str = "ada", notes: str = "", *, minutes: int = 0) -> Signature:
    return Signature(by, datetime(2026, 11, 21, 12, tzinfo=UTC) + timedelta(minutes=minutes), notes)
