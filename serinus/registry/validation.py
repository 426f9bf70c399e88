"""Is what lies in the store what was registered? Every byte is read and compared."""

from collections.abc import Iterator

from pydantic import ValidationError

from serinus.bundle import METADATA, SUMS
from serinus.errors import RegistryError
from serinus.metadata import Metadata
from serinus.registry.record import Model, Record, misread
from serinus.registry.shelf import Missing, Report, Shelf, Store, digest_of


def validate(shelf: Shelf, model: Model, versions: list[Record], report: Report = lambda size: None) -> list[str]:
    """What is wrong with these `versions`, and with where latest and stable show to; nothing when all is well."""
    wrong = [problem for record in versions for problem in damages(shelf.store, record, report).values()]
    return [*wrong, *_pointers(shelf.store, model)]


def damages(store: Store, record: Record, report: Report = lambda size: None) -> dict[str, str]:
    """What is wrong with a version, by file."""
    return altered(store, record, report) or _contradictions(store, record)


def altered(store: Store, record: Record, report: Report = lambda size: None) -> dict[str, str]:
    """The files of a version that are not what was registered, and what is wrong with each."""
    found = {}
    for name in record.files:
        problem = _problem(store, record, name)
        if problem:
            found[name] = problem
        report(record.files[name].size)
    return found


def check_whole(store: Store, record: Record) -> None:
    """RegistryError when a file of the version is not what was registered, with the way out."""
    if found := damages(store, record):
        raise RegistryError(f"{'; '.join(found.values())}. {way_out(record)}")


def way_out(record: Record) -> str:
    return f"To bring it back: serinus models restore {record.model_name} {record.version}"


def verified(store: Store, record: Record, name: str) -> bytes:
    """A file of a version, which is what was registered."""
    contents = b"".join(store.read(record, name))
    found = digest_of(iter([contents]))
    if found != record.files[name].sha256:
        raise RegistryError(f"{_told(record, name, found)}. {way_out(record)}")
    return contents


def metadata_of(store: Store, record: Record) -> Metadata:
    try:
        return Metadata.model_validate_json(verified(store, record, METADATA))
    except ValidationError as error:
        raise RegistryError(f"{record.storage_path}/{METADATA} {misread(error)}") from error


def _problem(store: Store, record: Record, name: str) -> str | None:
    try:
        found = digest_of(store.read(record, name))
    except Missing as error:
        return str(error)
    return None if found == record.files[name].sha256 else _told(record, name, found)


def _told(record: Record, name: str, found: str) -> str:
    expected = record.files[name].sha256
    return f"{record.storage_path}/{name} was altered: expected sha256 {expected}, got {found}"


def _contradictions(store: Store, record: Record) -> dict[str, str]:
    """A record that somebody edited: its files are whole, and yet not those of the bundle it names."""
    if record.files.keys() < {SUMS} or record.files[SUMS].sha256 != record.digest:
        return {SUMS: f"the record of {record} contradicts itself: its digest is not that of its {SUMS}"}
    lines = [line.split() for line in verified(store, record, SUMS).decode("ascii", "replace").splitlines()]
    listed = {parts[1]: parts[0] for parts in lines if len(parts) == 2}
    kept = {name: file.sha256 for name, file in record.files.items() if name != SUMS}
    return {} if listed == kept else {SUMS: f"the record of {record} names other files than its {SUMS}"}


def _pointers(store: Store, model: Model) -> Iterator[str]:
    shown = store.pointers(model.name)
    for name in ("latest", "stable"):
        expected, found = model.pointers.get(name), shown.get(name)
        if expected != found:
            yield f"{model.name}/{name} shows {found or 'nothing'}, expected {expected or 'nothing'}"
