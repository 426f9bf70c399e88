"""The ledger of a registry that is a folder: one numbered file for each change of a model, never written to again.

    models/xgboost/registry/000001.json     {"entry": {...}, "records": [...], "deployments": [...], "stable": null}

Where a model stands is what its changes add up to; the list of changes is the audit log. The next number can be taken
only once, so of two processes that decided on the same past exactly one is heard.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from pydantic import ValidationError

from serinus.errors import RegistryError
from serinus.registry.disk import sync, told
from serinus.registry.record import AuditEntry, Change, Model, misread
from serinus.registry.shelf import Conflict

INDEX = "registry"


@dataclass(frozen=True)
class FolderLedger:
    root: Path

    def names(self) -> Sequence[str]:
        return sorted(folder.parent.name for folder in self.root.glob(f"*/{INDEX}") if any(_files(folder)))

    def model(self, name: str) -> Model:
        return reduce(Model.after, self._changes(name), Model(name))

    def audit(self, name: str) -> Sequence[AuditEntry]:
        return [change.entry for change in self._changes(name)]

    def commit(self, change: Change) -> None:
        folder = self.root / change.model_name / INDEX
        revision = change.entry.revision
        if revision != len(_files(folder)) + 1:
            raise Conflict(f"change {revision} of {change.model_name} is not the next one")
        with told(f"write the registry {folder}"):
            folder.mkdir(parents=True, exist_ok=True)
            _write_once(folder / f"{revision:06d}.json", change.model_dump_json(indent=2).encode())

    def _changes(self, name: str) -> Iterator[Change]:
        for revision, file in enumerate(_files(self.root / name / INDEX), start=1):
            change = _change(file)
            if change.entry.revision != revision or file.stem != f"{revision:06d}" or change.model_name != name:
                raise RegistryError(f"{file.parent} was altered: change {revision} of {name} is missing or not its own")
            yield change


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*.json"))


def _change(file: Path) -> Change:
    try:
        return Change.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise RegistryError(f"{file} {misread(error)}") from error


def _write_once(file: Path, contents: bytes) -> None:
    """Make `file` appear whole and stay when the power goes; Conflict when it is there."""
    handle, scratch = tempfile.mkstemp(dir=file.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as written:
            written.write(contents)
            written.flush()
            os.fsync(written.fileno())
        Path(scratch).chmod(0o644)
        _link(Path(scratch), file)
    finally:
        Path(scratch).unlink()
    sync(file.parent)


def _link(scratch: Path, file: Path) -> None:
    """Unlike a rename, a link never takes the place of a file that is there."""
    try:
        os.link(scratch, file)
    except FileExistsError as error:
        raise Conflict(f"{file} was written by another process") from error
