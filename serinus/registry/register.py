"""A bundle becomes a registered version: checked, delivered, and only then known."""

from dataclasses import dataclass

from serinus.bundle import Bundle
from serinus.registry import rules
from serinus.registry.record import Change, Model, Record, Summary
from serinus.registry.restore import mend
from serinus.registry.rules import Signature, Taken
from serinus.registry.shelf import Decide, Leftover, Parcel, Report, Shelf
from serinus.registry.validation import metadata_of


@dataclass(frozen=True)
class Registered:
    """is_new: False where the very same bundle was registered before."""

    record: Record
    is_new: bool


def register(shelf: Shelf, bundle: Bundle, signature: Signature, report: Report = lambda size: None) -> Registered:
    """Put `bundle` on the shelf; RegistryError when its version is taken or its schema demands another one."""
    parcel = Parcel.of(bundle)
    name, version = parcel.metadata.model_name, parcel.metadata.version
    decide = _decision(shelf, parcel, signature)
    lacks_it = decide(shelf.ledger.model(name)) is not None
    over_leftover = _deliver(shelf, parcel, decide, report) if lacks_it else False
    try:
        settled = shelf.settle(name, decide)
        return Registered(settled.model.records[version], is_new=settled.is_changed)
    except Taken:
        if over_leftover:  # what we wrote over may have been the winner's
            mend(shelf.store, shelf.ledger.model(name).records[version], copy=None)
        raise


def rehearse(shelf: Shelf, bundle: Bundle, signature: Signature) -> Registered:
    """What would be registered now, or why not; nothing is written."""
    name, version = bundle.metadata.model_name, bundle.metadata.version
    settled = shelf.rehearse(name, _decision(shelf, Parcel.of(bundle), signature))
    return Registered(settled.model.records[version], is_new=settled.is_changed)


def _deliver(shelf: Shelf, parcel: Parcel, decide: Decide, report: Report) -> bool:
    """Bring the files to the store; True when that wrote over what a push left that never was registered."""
    try:
        shelf.store.receive(parcel, report)
    except Leftover:
        decide(shelf.ledger.model(parcel.metadata.model_name))  # of a version registered just now: Taken
        shelf.store.receive(parcel, report, over_leftover=True)
        return True
    return False


def _decision(shelf: Shelf, parcel: Parcel, signature: Signature) -> Decide:
    record = _record(shelf, parcel, signature)

    def decide(model: Model) -> Change | None:
        change = rules.registered(model, record, signature)
        if change is not None:
            family = [metadata_of(shelf.store, relative) for relative in rules.neighbours(model, record.version)]
            rules.check_schema(model, parcel.metadata, family)
        return change

    return decide


def _record(shelf: Shelf, parcel: Parcel, signature: Signature) -> Record:
    metadata = parcel.metadata
    return Record(
        model_name=metadata.model_name,
        version=metadata.version,
        digest=parcel.digest,
        storage_path=shelf.store.path(metadata.model_name, metadata.version),
        metadata=Summary.of(metadata),
        files=dict(parcel.files),
        status="active",
        created_at=signature.at,
        updated_at=signature.at,
    )
