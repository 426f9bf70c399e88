"""`serinus features get`: what is kept of one entity."""

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from serinus.cli.features.place import AddressOption, Place, place
from serinus.cli.options import JsonOption, ServiceOption

if TYPE_CHECKING:
    from serinus.features.store import Stored


def get(
    entity: Annotated[str, typer.Argument(help="Whose features, such as 1 for plot 1.")],
    *,
    service: ServiceOption,
    address: AddressOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show what the store keeps of one entity: each value, how old it is, and what is wrong with it.

    The exit code is 1 when there is nothing, or when the service cannot use it.

    Try: serinus features get 1 --service nuru
    """
    where = place(service, address)
    stored = _kept(where, entity)
    age_s = time.time() - stored.at
    problems = {problem.field: problem.expected for problem in where.form.problems(stored.values)}
    if as_json:
        facts = {"entity": entity, "at": stored.at, "age_s": round(age_s, 3), "values": dict(stored.values)}
        print(json.dumps({**facts, "problems": problems}))
    else:
        _show(entity, stored, problems, age_s=age_s)
    if problems:
        raise typer.Exit(1)


def _kept(where: Place, entity: str) -> "Stored":
    from serinus.errors import Problem, UnknownEntity
    from serinus.features.store import Unreadable

    name = where.form.entity.name
    stored = where.store().get([entity]).get(entity)
    if stored is None:
        raise UnknownEntity([Problem(name, entity, f"one that {where.shown} keeps features of")])
    if isinstance(stored, Unreadable):
        raise UnknownEntity([Problem(name, entity, f"readable features, but of what is kept {stored.reason}")])
    return stored


def _show(entity: str, stored: "Stored", problems: dict[str, str], *, age_s: float) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("feature", "value", "", title=f"{entity}, put {age(age_s)} ago")
    for name in dict.fromkeys((*stored.values, *problems)):
        value = stored.values.get(name)
        told = "missing" if value is None else str(value)
        table.add_row(name, told, f"expected {problems[name]}" if name in problems else "")
    Console().print(table)


def age(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"
