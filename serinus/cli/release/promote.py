"""`serinus release promote`: traffic for a version."""

from typing import Annotated

import typer

from serinus.cli.models.options import ByOption, DryRunOption, NotesOption, say, signature
from serinus.cli.options import JsonOption, ServiceArgument
from serinus.cli.release.place import decided, place, recorded


def promote(
    service: ServiceArgument,
    version: Annotated[str, typer.Argument(help="A published version, such as 2; serinus release list shows them.")],
    *,
    weight: Annotated[
        float | None, typer.Option("--weight", help="The share of the traffic it gets, such as 0.1; else all of it.")
    ] = None,
    by: ByOption = None,
    notes: NotesOption = "",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give a version all of the traffic, or a share of it beside the one that answers now.

    Its golden rows are replayed on that very version first; if one is wrong, or somebody else moves the traffic
    meanwhile, nothing is changed. What was done is read back, and kept in the history.

    Try: serinus release promote kepler 2 --weight 0.1 --notes "new forest"
    """
    from serinus.release.shifting import promote as made
    from serinus.release.shifting import promotion

    signed, where = signature(by, notes), place(service)
    decision = promotion(where, version, weight)
    facts, after = decided(where.service, decision, dry_run=dry_run), decision.shift.after
    if not decision.shift.is_change:
        say(f"{where.service}: {after} already: nothing to do", facts, as_json=as_json)
    elif dry_run:
        told = f"golden rows are right; nothing was changed; after it: {after}"
        say(f"{where.service}: {told}", facts, as_json=as_json)
    else:
        entry = made(where, decision, signed)
        say(f"{where.service}: {after} (before: {entry.before})", facts | recorded(entry), as_json=as_json)
