"""`serinus models restore`: a version comes back."""

from pathlib import Path
from typing import Annotated

import typer

from serinus.cli.models.options import (
    ByOption,
    DryRunOption,
    NameArgument,
    NotesOption,
    Place,
    RegistryOption,
    TableOption,
    VersionArgument,
    say,
    signature,
)
from serinus.cli.options import JsonOption


def restore(
    name: NameArgument,
    version: VersionArgument,
    *,
    copy: Annotated[
        Path | None, typer.Option("--from", help="A bundle's folder that may hold the files, if the registry does not.")
    ] = None,
    registry: RegistryOption = "models",
    table: TableOption = "serinus-registry",
    by: ByOption = None,
    notes: NotesOption = "",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Bring a version back by its digests: files that were lost or altered, and a status that was changed.

    In S3 the bucket keeps every version of every object, and the one with the registered digest becomes the current
    one again. A folder keeps no earlier files: --from names a copy. Nothing that has another digest is ever taken.

    Try: serinus models restore xgboost 1.0.0
    """
    from serinus.registry.restore import Restored
    from serinus.registry.restore import restore as restored
    from serinus.registry.validation import altered

    shelf = Place(registry, table).shelf()
    record = shelf.ledger.model(name).record(version)
    if dry_run:
        outcome = Restored(record, altered(shelf.store, record), record.status)
    else:
        outcome = restored(shelf, name, record.version, signature(by, notes), copy=copy)
    facts = {
        "model_name": name,
        "version": record.version,
        "status": outcome.record.status,
        "status_before": outcome.before,
        "files": dict(outcome.mended),
        "dry_run": dry_run,
    }
    say(_told(outcome.before, dict(outcome.mended), f"{record}", dry_run=dry_run), facts, as_json=as_json)


def _told(before: str, files: dict[str, str], name: str, *, dry_run: bool) -> str:
    if dry_run:
        lines = [f"would bring back {file}: {problem}" for file, problem in files.items()]
        status = [] if before == "active" else [f"would make {name} active, it is {before}"]
        return "\n".join([*lines, *status]) or f"{name} is whole and active: nothing to do"
    lines = [f"{file} came back from {source}" for file, source in files.items()]
    return "\n".join([*lines, f"{name} is whole and active (it was {before})"])
