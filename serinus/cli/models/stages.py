"""`serinus models promote`, `deprecate` and `archive`: a version on its way."""

from typing import TYPE_CHECKING, Annotated, Literal

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

if TYPE_CHECKING:
    from serinus.registry.shelf import Decide, Settled, Shelf

EnvironmentOption = Annotated[
    Literal["dev", "staging", "production"],
    typer.Option("--environment", "-e", help="Where it runs from now on."),
]


def promote(
    name: NameArgument,
    version: VersionArgument = "latest",
    *,
    environment: EnvironmentOption = "production",
    registry: RegistryOption = "models",
    table: TableOption = "serinus-registry",
    by: ByOption = None,
    notes: NotesOption = "",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say that an environment runs a version from now on; in production, that makes it the stable one.

    Every file is verified first. To go back, promote the version before: the history then says what was rolled back.

    Try: serinus models promote xgboost --notes "two points of F1 better"
    """
    from serinus.registry.rules import Deploy
    from serinus.registry.stages import promotion

    shelf = Place(registry, table).shelf()
    decide = promotion(shelf, name, Deploy(version, environment), signature(by, notes))
    settled = _settled(shelf, name, decide, dry_run=dry_run)
    runs = settled.model.deployed[environment].version
    _tell(settled, f"{name} {runs} runs in {environment}", runs, dry_run=dry_run, as_json=as_json)


def deprecate(
    name: NameArgument,
    version: VersionArgument,
    *,
    registry: RegistryOption = "models",
    table: TableOption = "serinus-registry",
    by: ByOption = None,
    notes: NotesOption = "",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say that a version should not be chosen any more: it still works, and is latest and stable no more.

    Try: serinus models deprecate xgboost 1.0.0 --notes "trained on the wrong quarter"
    """
    from serinus.registry.stages import deprecation

    shelf = Place(registry, table).shelf()
    meant = shelf.ledger.model(name).record(version).version
    decide = deprecation(shelf, name, meant, signature(by, notes))
    settled = _settled(shelf, name, decide, dry_run=dry_run)
    _tell(settled, f"{name} {meant} is deprecated", meant, dry_run=dry_run, as_json=as_json)


def archive(
    name: NameArgument,
    version: VersionArgument,
    *,
    registry: RegistryOption = "models",
    table: TableOption = "serinus-registry",
    by: ByOption = None,
    notes: NotesOption = "",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put a version away: its files are kept, it is not handed out until it is restored.

    Never the stable version, nor one that runs in any environment.

    Try: serinus models archive xgboost 1.0.0
    """
    from serinus.registry.stages import archival

    shelf = Place(registry, table).shelf()
    meant = shelf.ledger.model(name).record(version).version
    decide = archival(shelf, name, meant, signature(by, notes))
    settled = _settled(shelf, name, decide, dry_run=dry_run)
    _tell(settled, f"{name} {meant} is archived", meant, dry_run=dry_run, as_json=as_json)


def _settled(shelf: "Shelf", name: str, decide: "Decide", *, dry_run: bool) -> "Settled":
    return shelf.rehearse(name, decide) if dry_run else shelf.settle(name, decide)


def _tell(settled: "Settled", text: str, version: str, *, dry_run: bool, as_json: bool) -> None:
    model = settled.model
    facts = {
        "model_name": model.name,
        "version": version,
        "status": model.records[version].status,
        "latest": model.latest,
        "stable": model.stable,
        "changed": settled.is_changed,
        "dry_run": dry_run,
    }
    if not settled.is_changed:
        text += " already: nothing to do"
    elif dry_run:
        text = f"nothing was written; after it: {text}"
    say(f"{text} (latest {model.latest or 'none'}, stable {model.stable or 'none'})", facts, as_json=as_json)
