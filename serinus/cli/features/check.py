"""`serinus features check`: whether the store can serve the service."""

import json
import math
import time
from typing import TYPE_CHECKING

import typer

from serinus.cli.features.place import AddressOption, Place, place
from serinus.cli.options import JsonOption, ServiceOption

if TYPE_CHECKING:
    from serinus.census import Census


def check(service: ServiceOption, address: AddressOption = "", as_json: JsonOption = False) -> None:
    """Look at every entity the store has: how many lack a field, are out of its range, too old, or unreadable.

    Too old is what was put more than [features] max_age_h ago. The exit code is 1 when anything is wrong: also when a
    field that only the store can say is missing, or when there is nothing at all.

    Try: serinus features check --service nuru
    """
    where = place(service, address)
    counts = _counted(where)
    if as_json:
        print(json.dumps(facts(counts)))
    else:
        _show(where, counts)
    if not counts.is_well:
        raise typer.Exit(1)


def facts(counts: "Census") -> dict[str, object]:
    return {
        "is_well": counts.is_well,
        "entities": counts.entities,
        "unreadable": counts.unreadable,
        "stale": counts.stale,
        "fields": {
            name: {
                "missing": counts.missing[name],
                "missing_share": _share(counts.missing[name], counts),
                "out_of_range": counts.wrong[name],
                "out_of_range_share": _share(counts.wrong[name], counts),
                "required": name in counts.required,
            }
            for name in counts.missing
        },
    }


def _counted(where: Place) -> "Census":
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    from serinus.census import census

    max_age_h = where.section.max_age_h
    oldest = time.time() - max_age_h * 3600 if max_age_h else -math.inf
    columns = (SpinnerColumn(), TextColumn(where.service.name), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        return census(where.store(), where.form, oldest=oldest, report=lambda some: bar.update(task, advance=some))


def _show(where: Place, counts: "Census") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("field", title=f"{where.shown}: {counts.entities:,} entities of {where.service.name}")
    for column in ("missing", "out of range"):
        table.add_column(column, justify="right")
    for name, missing in counts.missing.items():
        is_bad = missing and name in counts.required
        table.add_row(name, _cell(missing, counts, is_bad=is_bad), _cell(counts.wrong[name], counts, is_bad=True))
    console = Console()
    console.print(table)
    for what, count in (("unreadable", counts.unreadable), ("too old", counts.stale)):
        console.print(f"{what}: {count:,} ({_share(count, counts):.1%})", style="red" if count else "dim")
    console.print("all is well" if counts.is_well else "something is wrong", style="green" if counts.is_well else "red")


def _cell(count: int, counts: "Census", *, is_bad: bool | int) -> str:
    if not count:
        return "-"
    told = f"{count:,} ({_share(count, counts):.1%})"
    return f"[red]{told}[/red]" if is_bad else told


def _share(count: int, counts: "Census") -> float:
    return round(count / counts.entities, 4) if counts.entities else 0.0
