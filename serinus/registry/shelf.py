"""What a place must offer to be a registry: a ledger of what is known, and a store of the files."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from serinus.bundle import SUMS, Bundle
from serinus.errors import RegistryError
from serinus.metadata import Metadata
from serinus.registry.record import AuditEntry, Change, Model, Record, StoredFile

TRIES = 20
BLOCK = 1 << 20
Report = Callable[[int], None]  # called with how many bytes more are where they belong
Decide = Callable[[Model], Change | None]  # a rule, ready to be asked of a model as it stands


class Conflict(RegistryError):
    """Somebody else changed the model in the meantime; nothing was written."""


class Leftover(RegistryError):
    """Files of another bundle lie where this one belongs: a push that was killed left them, or one that is running."""


class Missing(RegistryError):
    """A file of a registered version is not there."""


@dataclass(frozen=True)
class Parcel:
    """A verified bundle on its way into a store. files: SHA256SUMS last."""

    folder: Path
    metadata: Metadata
    digest: str
    files: Mapping[str, StoredFile]

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        sums = {**bundle.files, SUMS: bundle.digest}
        files = {
            name: StoredFile(sha256=sha256, size=(bundle.folder / name).stat().st_size) for name, sha256 in sums.items()
        }
        return cls(bundle.folder, bundle.metadata, bundle.digest, files)

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files.values())


class Ledger(Protocol):
    def names(self) -> Sequence[str]: ...
    def model(self, name: str) -> Model:
        """The model as it stands now, never as it stood a moment ago; one without versions when it is unknown."""

    def commit(self, change: Change) -> None:
        """Write all of `change` or nothing; Conflict unless it is the very next revision."""

    def audit(self, name: str) -> Sequence[AuditEntry]:
        """Everything that was done, from the first change on."""


class Store(Protocol):
    def path(self, name: str, version: str) -> str:
        """Where the files of a version lie, as the record says it."""

    def receive(self, parcel: Parcel, report: Report, *, over_leftover: bool = False) -> None:
        """Put the files where they belong, those already there left out; Leftover when others are there."""

    def read(self, record: Record, file: str, start: int = 0) -> Iterator[bytes]:
        """A file from byte `start` on, as it lies there: the caller compares it with the record. Or Missing."""

    def bring_back(self, record: Record, file: str, copy: Path | None) -> str:
        """Make a lost or altered file again what the record says, from `copy` or what the store kept; says from where.

        RegistryError says what is possible when neither has it.
        """

    def point(self, name: str, pointers: Mapping[str, str]) -> None:
        """Make `latest` and `stable` show what they mean, or go away."""

    def pointers(self, name: str) -> Mapping[str, str]:
        """What `latest` and `stable` show to those who only see the store."""


@dataclass(frozen=True)
class Settled:
    """The model as it stands now. is_changed: False where it stood so before."""

    model: Model
    is_changed: bool


@dataclass(frozen=True)
class Shelf:
    ledger: Ledger
    store: Store

    def settle(self, name: str, decide: Decide) -> Settled:
        """Read, decide, write; from the start again when somebody else was faster."""
        for _ in range(TRIES):
            change = decide(self.ledger.model(name))
            try:
                if change is not None:
                    self.ledger.commit(change)
            except Conflict:
                continue
            return Settled(self._pointed(name), is_changed=change is not None)
        raise RegistryError(f"{name} was changed by others {TRIES} times in a row: try again")

    def rehearse(self, name: str, decide: Decide) -> Settled:
        """What would be settled now; nothing is written."""
        model = self.ledger.model(name)
        change = decide(model)
        return Settled(model if change is None else model.after(change), is_changed=change is not None)

    def _pointed(self, name: str) -> Model:
        """Pointers follow the ledger: whoever writes them last has seen its last revision."""
        model = self.ledger.model(name)
        while True:
            self.store.point(name, model.pointers)
            now = self.ledger.model(name)
            if now.revision == model.revision:
                return now
            model = now


def digest_of(blocks: Iterator[bytes]) -> str:
    told = hashlib.sha256()
    for block in blocks:
        told.update(block)
    return told.hexdigest()
