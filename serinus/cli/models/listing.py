"""`serinus models list`: what is in the registry."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serinus.cli.models.options import Place, RegistryOption, TableOption, console
from serinus.cli.options import JsonOption

if TYPE_CHECKING:
    from serinus.registry.record import Model


def listing(
    name: Annotated[str | None, typer.Argument(help="Only this model.")] = None,
    registry: RegistryOption = "models",
    table: TableOption = "serinus-registry",
    as_json: JsonOption = False,
) -> None:
    """List models and their versions: what is latest and stable, where each runs, how good it is.

    Try: serinus models list
    """
    place = Place(registry, table)
    ledger = place.shelf().ledger
    models = [ledger.model(known) for known in ledger.names() if name in (None, known)]
    others = [folder for folder in unregistered(place) if name in (None, folder[0])]
    if name is not None and not models and not others:
        ledger.model(name).record("latest")  # says what is wrong
    if as_json:
        versions = [described(model, version) for model in models for version in model.records]
        print(json.dumps({"registry": registry, "versions": versions, "unregistered": others}))
        return
    if models:
        console().print(shown(models))
    else:
        print(f"no version is registered in {registry}")
    for model, version in others:
        typer.echo(f"not registered: {model} {version}; serinus models register {model} {version}", err=True)


def described(model: "Model", version: str) -> dict[str, Any]:
    """A record as JSON, with what the pointers and the history say of it."""
    record = model.records[version]
    return {
        **record.model_dump(mode="json"),
        "latest": model.latest == version,
        "stable": model.stable == version,
        "runs_in": runs_in(model, version),
    }


def runs_in(model: "Model", version: str) -> list[str]:
    return [environment for environment, last in model.deployed.items() if last.version == version]


def unregistered(place: Place) -> list[tuple[str, str]]:
    """Bundles in the folder that the registry does not know; of what lies in a bucket only its records count."""
    from serinus.registry.folder_store import unregistered as found

    return [(folder.parent.name, folder.name[1:]) for folder in found(place.folder)] if place.folder else []


def shown(models: "list[Model]") -> Any:
    from rich import box
    from rich.table import Table

    from serinus.figures import headline

    table = Table("model", "version", "is", "runs in", "score", box=box.SIMPLE_HEAD)
    table.add_column("size", justify="right", no_wrap=True)
    for model in models:
        for record in reversed(model.versions):
            figure = headline(record.metadata.performance)
            table.add_row(
                record.model_name,
                record.version,
                standing(model, record.version),
                ", ".join(runs_in(model, record.version)),
                f"{figure} {record.metadata.performance[figure]:.4g}" if figure else "",
                f"{record.size / 1e6:,.1f} MB",
            )
    return table


def standing(model: "Model", version: str) -> str:
    """Latest and stable say that a version is active, too."""
    marks = [pointer for pointer, meant in model.pointers.items() if meant == version]
    return ", ".join(marks) or model.records[version].status
