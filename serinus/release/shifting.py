"""A release, step by step: read, prove, decide; then write the plan down, shift, look, write down what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from serinus.errors import ReleaseError
from serinus.registry.rules import Signature
from serinus.release.gate import DEEP_HEALTH, Answer, proven
from serinus.release.history import Entry, made, plan
from serinus.release.routing import Decision, Pointed, Routing, promoted, taken_back
from serinus.release.versions import Version


class NotMade(ReleaseError):
    """The alias is as it was: nothing of this shift was made."""


class Alias(Protocol):
    def get(self) -> Pointed: ...
    def shift(self, routing: Routing, seen: str) -> None:
        """On condition that the revision still is the one that was `seen`, or NotMade."""


class Versions(Protocol):
    def all(self) -> list[Version]:
        """The newest first."""

    def find(self, number: str) -> Version: ...
    def ask(self, number: str, event: Mapping[str, Any]) -> Answer: ...


class History(Protocol):
    def entries(self) -> Sequence[Entry]:
        """The oldest first."""

    def add(self, entry: Entry) -> None:
        """ReleaseError when there is one of that number."""

    def complete(self, entry: Entry) -> None:
        """Write what became of it over what was planned."""


@dataclass(frozen=True)
class Place:
    """Where a service is released."""

    service: str
    alias: Alias
    versions: Versions
    history: History


def promotion(place: Place, version: str, weight: float | None) -> Decision:
    """Traffic for a version that is there and whose golden rows are right on it. Nothing is changed yet."""
    seen = place.alias.get()
    shift = promoted(seen.routing, version, weight)
    found = place.versions.find(version)
    if not found.is_ready:
        raise ReleaseError(f"version {version} is {found.state}, expected Active: it cannot run yet, or not at all")
    if not shift.is_change:
        return Decision(seen, shift)
    return Decision(seen, shift, proven(place.versions.ask(version, DEEP_HEALTH), place.service, version))


def taking_back(place: Place) -> Decision:
    """Not gated: what is live again was live before. With a candidate, the history is not asked."""
    seen = place.alias.get()
    past = made(place.history.entries(), seen) if seen.routing.candidate is None else []
    shift = taken_back(seen.routing, past)
    if shift.after.version != shift.before.version:
        place.versions.find(shift.after.version)
    return Decision(seen, shift)


def promote(place: Place, decision: Decision, signature: Signature) -> Entry:
    """Without a plan in the history nothing is shifted."""
    entry = plan(place.history.entries(), decision, signature)
    place.history.add(entry)
    return _shifted(place, decision, entry)


def take_back(place: Place, decision: Decision, signature: Signature) -> Entry:
    """A history that cannot be written holds nothing up; that it was not written is an error afterwards."""
    try:
        entry = plan(place.history.entries(), decision, signature)
        place.history.add(entry)
    except ReleaseError:
        there = _moved(place.alias, decision)
        return _recorded_late(place, decision, signature, there)
    return _shifted(place, decision, entry)


def _shifted(place: Place, decision: Decision, entry: Entry) -> Entry:
    try:
        there = _moved(place.alias, decision)
    except NotMade as error:
        _recorded(place, entry.refused(str(error)), f"{error}; the history still says that it is planned")
        raise
    done = entry.done(there.revision)
    _recorded(place, done, f"done: {there.routing}; but the history still says that this is planned. Do not repeat it")
    return done


def _recorded(place: Place, entry: Entry, otherwise: str) -> None:
    try:
        place.history.complete(entry)
    except ReleaseError as error:
        raise ReleaseError(f"{otherwise} (entry {entry.number}: {error})") from error


def _recorded_late(place: Place, decision: Decision, signature: Signature, there: Pointed) -> Entry:
    """Another try at the history, which may have failed because somebody else wrote there at the same time."""
    try:
        entry = plan(place.history.entries(), decision, signature).done(there.revision)
        place.history.add(entry)
    except ReleaseError as error:
        raise ReleaseError(
            f"done: {there.routing}; but the history does not know. Do not repeat it ({error})"
        ) from error
    return entry


def _moved(alias: Alias, decision: Decision) -> Pointed:
    """The alias after the shift, as it was read back."""
    wanted, seen = decision.shift.after, decision.seen
    try:
        alias.shift(wanted, seen.revision)
    except NotMade:
        raise
    except ReleaseError as error:  # it may have been made before whatever went wrong
        there = _looked(alias, f"not known whether this was done: {error}")
        if there.revision == seen.revision:
            raise NotMade(f"nothing was changed: {error}") from error
    else:
        there = _looked(alias, "done, says AWS, but not known whether it is")
    if not there.routing.matches(wanted):
        raise ReleaseError(f"wrote {wanted}; but now it is {there.routing}: look before you repeat it")
    return there


def _looked(alias: Alias, otherwise: str) -> Pointed:
    try:
        return alias.get()
    except ReleaseError as error:
        raise ReleaseError(f"{otherwise}; {error}") from error
