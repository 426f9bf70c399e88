"""Bring a version back: its files from what the store kept or from a copy, its standing from the archive."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serinus.registry import rules
from serinus.registry.record import Record
from serinus.registry.rules import Signature
from serinus.registry.shelf import Shelf, Store
from serinus.registry.validation import altered, check_whole


@dataclass(frozen=True)
class Restored:
    """mended: the files that had to be brought back, and where each came from; before: the version's status."""

    record: Record
    mended: Mapping[str, str]
    before: str


def restore(shelf: Shelf, name: str, version: str, signature: Signature, *, copy: Path | None) -> Restored:
    """Make every file of the version what its record says, and the version active again.

    copy: a folder that may hold the files. Nothing is taken from anywhere unless its digest is the registered one.
    """
    record = shelf.ledger.model(name).record(version)
    mended = mend(shelf.store, record, copy=copy)
    check_whole(shelf.store, record)
    settled = shelf.settle(name, lambda model: rules.restored(model, record.version, signature, mended=bool(mended)))
    return Restored(settled.model.records[record.version], mended, record.status)


def mend(store: Store, record: Record, *, copy: Path | None) -> dict[str, str]:
    """Bring back the lost and altered files of a version; says where each came from."""
    return {
        file: store.bring_back(record, file, copy if copy is None else copy / file) for file in altered(store, record)
    }
