"""`serinus models compare`: two versions on one screen."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serinus.cli.models.options import Place, RegistryOption, TableOption, console
from serinus.cli.options import JsonOption

if TYPE_CHECKING:
    from serinus.bundle import Bundle

Which = "NAME@VERSION (also @latest, @stable), or a bundle's folder."


def compare(
    first: Annotated[str, typer.Argument(help=Which)],
    second: Annotated[str, typer.Argument(help=Which)],
    *,
    rows: Annotated[
        Path | None,
        typer.Option(help="Rows to ask both: .parquet, .csv, .jsonl, .npz (X), .npy, .json. Else their golden rows."),
    ] = None,
    target: Annotated[str | None, typer.Option(help="The column of the rows that holds the truth to judge by.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Save the screen as a picture.")] = None,
    speed: Annotated[bool, typer.Option(help="Measure speed and memory here, a few seconds.")] = True,
    registry: RegistryOption = "models",
    table: TableOption = "serinus-registry",
    as_json: JsonOption = False,
) -> None:
    """Show what changed between two versions: training, schema, performance, parity, size, speed, and predictions.

    Both are asked the same rows: how many get the same label, what became what, and where they are furthest apart.
    With the truth in a column of the rows, both are judged by it: RMSE, MAE, R2 and bias, or accuracy and F1.

    Try: serinus models compare xgboost@stable xgboost@latest --rows curves.parquet --target label
    """
    if target is not None and rows is None:
        raise typer.BadParameter("the truth is a column of --rows, which is not given", param_hint="--target")
    from pydantic_core import to_jsonable_python
    from rich.console import Console

    from serinus.bench import measured
    from serinus.cli.models.picture import picture
    from serinus.cli.models.rows import rows_to_ask
    from serinus.cli.models.screen import WIDTH, screen
    from serinus.registry.compare import compare as compared

    with ExitStack() as stack:
        stack.enter_context(Console(stderr=True).status(f"comparing {first} with {second}"))
        place = Place(registry, table)
        one, other = (stack.enter_context(_bundle(which, place)) for which in (first, second))
        asked = None if rows is None else rows_to_ask(rows, (one.metadata, other.metadata), target)
        comparison = compared(one, other, measured if speed else None, asked)
    if svg is not None:
        title = f"serinus models compare {first} {second}"
        svg.write_text(picture(screen(comparison), width=WIDTH, title=title))
    if as_json:
        print(json.dumps(to_jsonable_python(comparison)))
    else:
        console(WIDTH).print(screen(comparison))


@contextmanager
def _bundle(which: str, place: Place) -> "Iterator[Bundle]":
    """The bundle that `which` names, verified; one of the registry is there for as long as it is needed."""
    from serinus.bundle import Bundle
    from serinus.registry.pull import fetch

    name, at, version = which.partition("@")
    if not at or "/" in which:
        yield Bundle.load(Path(which))
        return
    shelf = place.shelf()
    with tempfile.TemporaryDirectory(prefix="serinus-compare-") as scratch:
        yield fetch(shelf.store, shelf.ledger.model(name).record(version), Path(scratch))
