"""`serinus models register`, `push` and `pull`: bundles into a registry and out of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    progress_bar,
    say,
    signature,
)
from serinus.cli.options import JsonOption, ModelsOption

if TYPE_CHECKING:
    from serinus.registry.register import Registered
    from serinus.registry.rules import Signature

ExactVersion = Annotated[str, typer.Argument(help="Its version, such as 1.0.0.")]


def register(
    name: NameArgument,
    version: ExactVersion,
    *,
    registry: RegistryOption = "models",
    by: ByOption = None,
    notes: NotesOption = "",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make a bundle that lies in the registry's folder known to it, as serinus export has put it there.

    The same as push, for a bundle that is there already. The schema must be that of the versions before it with the
    same MAJOR number; a version is never registered twice.

    Try: serinus models register xgboost 1.0.0
    """
    from serinus.errors import RegistryError

    place = Place(registry, table="")
    if place.folder is None:
        raise RegistryError(f"{registry} is no folder that bundles lie in: serinus models push brings one there")
    _deliver(place, place.folder, (name, version), signature(by, notes), dry_run=dry_run, as_json=as_json)


def push(
    name: NameArgument,
    version: ExactVersion,
    *,
    models: ModelsOption = Path("models"),
    registry: RegistryOption = "models",
    table: TableOption = "serinus-registry",
    by: ByOption = None,
    notes: NotesOption = "",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Bring a bundle from a folder of this machine into the registry.

    Nobody sees the version before all of it is there. A push that was killed left nothing to see; run it again, and
    files that are there already are not sent again. Of two people who push the same version exactly one is heard.

    Try: serinus models push xgboost 1.0.0 --registry s3://bucket/team
    """
    place = Place(registry, table)
    _deliver(place, models, (name, version), signature(by, notes), dry_run=dry_run, as_json=as_json)


def _deliver(
    place: Place, models: Path, which: tuple[str, str], signed: "Signature", *, dry_run: bool, as_json: bool
) -> None:
    from serinus.bundle import Bundle
    from serinus.errors import RegistryError
    from serinus.registry.register import register as registered
    from serinus.registry.register import rehearse
    from serinus.registry.shelf import Parcel
    from serinus.service import bundle_folder

    folder = bundle_folder(models, *which)
    bundle = Bundle.load(folder)
    known = (bundle.metadata.model_name, bundle.metadata.version)
    if known != which:
        raise RegistryError(f"{folder} holds {' '.join(known)}, expected {' '.join(which)}")
    if dry_run:
        outcome = rehearse(place.shelf(), bundle, signed)
    else:
        with progress_bar(" ".join(which), Parcel.of(bundle).size) as report:
            outcome = registered(place.shelf(), bundle, signed, report)
    would = "would be registered" if dry_run else "is registered"
    told = would if outcome.is_new else "was registered before: nothing to do"
    say(f"{outcome.record} {told} in {place.registry}", _facts(outcome, dry_run=dry_run), as_json=as_json)


def _facts(outcome: "Registered", *, dry_run: bool) -> dict[str, Any]:
    return {**outcome.record.model_dump(mode="json"), "new": outcome.is_new, "dry_run": dry_run}


def pull(
    name: NameArgument,
    version: VersionArgument = "stable",
    *,
    models: ModelsOption = Path("models"),
    registry: RegistryOption = "models",
    table: TableOption = "serinus-registry",
    as_json: JsonOption = False,
) -> None:
    """Bring a version from the registry to a folder of this machine, every byte verified.

    The bundle appears whole or not at all; a pull that was killed goes on where it stopped when it is run again.

    Try: serinus models pull xgboost --registry s3://bucket/team
    """
    from serinus.registry.pull import pull as pulled

    shelf = Place(registry, table).shelf()
    record = shelf.ledger.model(name).record(version)
    if record.status == "deprecated":
        typer.echo(f"{record} is deprecated", err=True)
    with progress_bar(str(record), record.size) as report:
        outcome = pulled(shelf.store, record, models, report)
    folder = outcome.bundle.folder
    facts = {"folder": str(folder), "digest": record.digest, "version": record.version, "new": outcome.is_new}
    text = f"{record} is in {folder}" if outcome.is_new else f"{record} was in {folder} before: nothing to do"
    say(text, facts, as_json=as_json)
