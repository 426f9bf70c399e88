"""A registered version becomes a bundle on this machine: every byte verified, whole under its name or not there."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from serinus.bundle import Bundle
from serinus.errors import RegistryError
from serinus.registry.disk import sync, told
from serinus.registry.record import Record
from serinus.registry.shelf import BLOCK, Report, Store, digest_of
from serinus.registry.validation import way_out
from serinus.service import bundle_folder


@dataclass(frozen=True)
class Pulled:
    """is_new: False where the very same bundle was there before."""

    bundle: Bundle
    is_new: bool


def pull(store: Store, record: Record, models: Path, report: Report = lambda size: None) -> Pulled:
    """The bundle of `record` in the folder `models`; a pull that was killed goes on where it stopped."""
    if record.status == "archived":
        raise RegistryError(f"{record} is archived. {way_out(record)}")
    folder = bundle_folder(models, record.model_name, record.version)
    with told(f"write {folder}"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.parent):
            if folder.exists():
                return Pulled(_same(Bundle.load(folder), record), is_new=False)
            scratch = folder.parent / f".pulling-{folder.name}-{record.digest[:12]}"
            fetch(store, record, scratch, report)
            scratch.rename(folder)
            sync(folder.parent)
    return Pulled(Bundle.load(folder), is_new=True)


def fetch(store: Store, record: Record, folder: Path, report: Report = lambda size: None) -> Bundle:
    """The files of `record` in `folder`, whatever its status; those that are there are not read again."""
    folder.mkdir(exist_ok=True)
    for name in record.files:
        _fetch(store, record, folder / name, report)
    return _same(Bundle.load(folder), record)


def _fetch(store: Store, record: Record, file: Path, report: Report) -> None:
    """Make `file` what the record says: what is there of it is kept, unless it turns out to be something else."""
    expected = record.files[file.name].sha256
    kept = file.stat().st_size if file.exists() else 0
    found = _continued(store, record, file, report)
    if found != expected and kept:
        file.unlink()
        found = _continued(store, record, file, report)
    if found != expected:
        file.unlink()
        raise RegistryError(
            f"{record.storage_path}/{file.name} was altered: expected sha256 {expected}, got {found}. {way_out(record)}"
        )


def _continued(store: Store, record: Record, file: Path, report: Report) -> str:
    """The digest of `file` after what it lacks was fetched."""
    size, there = record.files[file.name].size, file.stat().st_size if file.exists() else 0
    report(min(there, size))
    with file.open("ab") as target:
        for block in store.read(record, file.name, there) if there < size or not size else ():
            target.write(block)
            report(len(block))
        target.flush()
        os.fsync(target.fileno())
    with file.open("rb") as written:
        return digest_of(iter(lambda: written.read(BLOCK), b""))


def _same(bundle: Bundle, record: Record) -> Bundle:
    if bundle.digest != record.digest:
        raise RegistryError(
            f"{bundle.folder} holds another bundle than the registry: its digest is {bundle.digest}, "
            f"{record} has {record.digest}; remove it, or choose another folder with --models"
        )
    return bundle


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time pulls into `folder`; the lock dies with the process."""
    held = os.open(folder, os.O_RDONLY)
    try:
        _lock(held, folder)
        yield
    finally:
        os.close(held)


def _lock(held: int, folder: Path) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RegistryError(f"another process is pulling into {folder}") from error
