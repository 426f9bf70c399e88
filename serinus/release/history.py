"""What was released when: one entry a shift, written before it is made and completed after.

So no crash hides a shift. What became of one whose entry was never completed is told by what the alias was later: its
revision names each of its states, and changes with every change.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import AwareDatetime, Field

from serinus.registry.record import Kept
from serinus.registry.rules import Signature
from serinus.release.routing import Action, Decision, Pointed, Routing, Shift

State = Literal["planned", "done", "refused"]
Outcome = Literal["made", "not made", "unknown"]


class Entry(Kept):
    """seen: the revision of the alias that it was decided on; revision: the one it led to, once that is known.

    models: what the golden rows of the promoted version were replayed on; reason: why it was refused
    """

    number: int = Field(gt=0)
    at: AwareDatetime
    by: str
    action: Action
    before: Routing
    after: Routing
    seen: str
    state: State = "planned"
    revision: str | None = None
    models: Mapping[str, str] = Field(default={})
    notes: str = ""
    reason: str = ""

    @property
    def shift(self) -> Shift:
        return Shift(self.action, self.before, self.after)

    def done(self, revision: str) -> "Entry":
        return self.model_copy(update={"state": "done", "revision": revision})

    def refused(self, reason: str) -> "Entry":
        return self.model_copy(update={"state": "refused", "reason": reason})


def plan(entries: Sequence[Entry], decision: Decision, signature: Signature) -> Entry:
    """The entry after `entries` of a shift that is about to be made."""
    shift, seen = decision.shift, decision.seen
    return Entry(
        number=entries[-1].number + 1 if entries else 1,
        at=signature.at,
        by=signature.by,
        action=shift.action,
        before=shift.before,
        after=shift.after,
        seen=seen.revision,
        models=decision.models,
        notes=signature.notes,
    )


def outcomes(entries: Sequence[Entry], now: Pointed) -> list[Outcome]:
    """What became of each of `entries`, the oldest first; now: the alias, read after them."""
    return [_outcome(entry, entries, list(_later(entries[place + 1 :], now))) for place, entry in enumerate(entries)]


def made(entries: Sequence[Entry], now: Pointed) -> list[Shift]:
    """The shifts that were made, the newest last."""
    known = zip(entries, outcomes(entries, now), strict=True)
    return [entry.shift for entry, outcome in known if outcome == "made"]


def _later(entries: Sequence[Entry], now: Pointed) -> Iterator[Pointed]:
    for entry in entries:
        yield Pointed(entry.before, entry.seen)
    yield now


def _outcome(entry: Entry, entries: Sequence[Entry], later: Sequence[Pointed]) -> Outcome:
    if entry.state != "planned":
        return "made" if entry.state == "done" else "not made"
    done = [other for other in entries if other.state == "done"]
    changed = [seen for seen in later if seen.revision != entry.seen]
    if not changed or any(other.seen == entry.seen for other in done):  # of each revision, one change can be made
        return "not made"
    of_others = {other.revision for other in done}
    is_there = any(seen.routing.matches(entry.after) and seen.revision not in of_others for seen in changed)
    return "made" if is_there else "unknown"
