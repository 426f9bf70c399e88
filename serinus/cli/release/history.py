"""`serinus release history`: what was released and taken back."""

import json
from typing import TYPE_CHECKING

from serinus.cli.options import JsonOption, ServiceArgument
from serinus.cli.release.place import place, recorded, routed

if TYPE_CHECKING:
    from serinus.release.history import Entry, Outcome
    from serinus.release.routing import Routing

COLOURS = {"made": "green", "not made": "dim", "unknown": "red"}


def history(service: ServiceArgument, as_json: JsonOption = False) -> None:
    """List who gave which version traffic when, the newest first, and whether it came to be.

    Something was planned and never completed when its command was killed: then what became of it is told by what the
    traffic was later.

    Try: serinus release history kepler
    """
    from serinus.release.history import outcomes

    where = place(service)
    entries = where.history.entries()
    became = outcomes(entries, where.alias.get())
    newest = [*zip(entries, became, strict=True)][::-1]
    if as_json:
        print(json.dumps([_facts(entry, outcome) for entry, outcome in newest]))
    else:
        _show(where.service, newest)


def _facts(entry: "Entry", outcome: "Outcome") -> dict[str, object]:
    routes = {"from": routed(entry.before), "to": routed(entry.after)}
    told = {"action": entry.action, "outcome": outcome, "state": entry.state, "reason": entry.reason}
    return {**recorded(entry), **told, **routes, "models": dict(entry.models)}


def _brief(routing: "Routing") -> str:
    """Such as 2, or 2 and 0.1 of 3."""
    return routing.version + (f" and {routing.weight:.6g} of {routing.candidate}" if routing.candidate else "")


def _show(service: str, newest: "list[tuple[Entry, Outcome]]") -> None:
    from rich.table import Table
    from rich.text import Text

    from serinus.cli.models.options import console

    table = Table("", "when", "who", "what", "from", "to", "", "notes", title=f"Releases of {service}")
    for entry, outcome in newest:
        when = f"{entry.at:%Y-%m-%d %H:%M:%S}"
        told = Text(outcome, COLOURS[outcome])
        said = (entry.action, _brief(entry.before), _brief(entry.after))
        table.add_row(str(entry.number), when, entry.by, *said, told, entry.notes or entry.reason)
    console().print(table)
