"""`serinus release back`: what was promoted last, taken back."""

from serinus.cli.models.options import ByOption, DryRunOption, NotesOption, say, signature
from serinus.cli.options import JsonOption, ServiceArgument
from serinus.cli.release.place import decided, place, recorded


def back(
    service: ServiceArgument,
    *,
    by: ByOption = None,
    notes: NotesOption = "",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take the last promotion back: a version with a share of the traffic loses it; else the one before is live again.

    One call, and no check in front of it. Given twice it takes back no more: to go further, promote an older version.

    Try: serinus release back kepler --notes "answers 500"
    """
    from serinus.release.shifting import take_back, taking_back

    signed, where = signature(by, notes), place(service)
    decision = taking_back(where)
    facts, after = decided(where.service, decision, dry_run=dry_run), decision.shift.after
    if not decision.shift.is_change:
        told = f"nothing to take back, the last promotion was taken back already: {after}"
        say(f"{where.service}: {told}; to go further, promote an older version", facts, as_json=as_json)
    elif dry_run:
        say(f"{where.service}: nothing was changed; after it: {after}", facts, as_json=as_json)
    else:
        entry = take_back(where, decision, signed)
        say(f"{where.service}: taken back, {after} (before: {entry.before})", facts | recorded(entry), as_json=as_json)
