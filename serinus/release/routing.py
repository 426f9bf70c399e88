"""Where the requests to a service go, and where they are to go next. Decides; nothing is read or written here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from typing import Literal

from serinus.errors import ReleaseError

Action = Literal["promote", "back"]
PUBLISHED = re.compile(r"[1-9][0-9]*")


@dataclass(frozen=True)
class Routing:
    """All requests go to `version`, but for the share `weight` of them that goes to `candidate`."""

    version: str
    candidate: str | None = None
    weight: float = 0.0

    def __str__(self) -> str:
        if self.candidate is None:
            return f"all traffic to version {self.version}"
        rest, share = 1 - self.weight, self.weight
        return f"{rest:.6g} of the traffic to version {self.version}, {share:.6g} to version {self.candidate}"

    def share(self, version: str) -> float:
        shares = {self.candidate: self.weight, self.version: 1 - self.weight}
        return shares.get(version, 0.0)

    def matches(self, other: "Routing") -> bool:
        same = (self.version, self.candidate) == (other.version, other.candidate)
        return same and isclose(self.weight, other.weight, abs_tol=1e-9)


@dataclass(frozen=True)
class Pointed:
    """An alias as it was read. revision: changes with each change of the alias, and names this very state of it."""

    routing: Routing
    revision: str


@dataclass(frozen=True)
class Shift:
    action: Action
    before: Routing
    after: Routing

    @property
    def is_change(self) -> bool:
        return not self.before.matches(self.after)


@dataclass(frozen=True)
class Decision:
    """A shift that is right as long as the alias is what was `seen`. models: those whose golden rows were replayed."""

    seen: Pointed
    shift: Shift
    models: Mapping[str, str] = field(default_factory=dict)


def promoted(now: Routing, version: str, weight: float | None) -> Shift:
    """All traffic goes to `version`; or, with a weight, that share of it, and the rest stays where most of it goes."""
    if not PUBLISHED.fullmatch(version):
        raise ReleaseError(f"expected the number of a published version, such as 7, got {version!r}")
    if weight is None:
        return Shift("promote", now, Routing(version))
    if not 0 < weight < 1:
        raise ReleaseError(f"expected a weight between 0 and 1, got {weight:g}; without one, all traffic is moved")
    if version == now.version:
        raise ReleaseError(f"version {version} cannot have {weight:g} of the traffic beside itself: now it is {now}")
    return Shift("promote", now, Routing(now.version, version, weight))


def taken_back(now: Routing, made: Sequence[Shift]) -> Shift:
    """A candidate loses its share; without one, the version that was live before the last promotion is live again.

    made: the shifts of the past, the newest last. What was taken back once is not taken back twice: whoever asks again
    means the same release, not the one before it. ReleaseError when it is not known what was live before.
    """
    if now.candidate is not None:
        return Shift("back", now, Routing(now.version))
    if not made:
        raise ReleaseError(f"nothing was live before version {now.version}, says the history: promote another one")
    last = made[-1]
    if not last.after.matches(now):
        raise ReleaseError(
            f"somebody moved the traffic past the history: it ends with {last.after}, but now it is {now}; promote the "
            "version that is to be live"
        )
    return Shift("back", now, now if last.action == "back" else Routing(last.before.version))
