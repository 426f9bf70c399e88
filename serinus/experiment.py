"""Which arm of an experiment answers a subject: always the same one, by a salted hash of the subject's key.

The hash gives every subject a point of the line from 0 to 2^64. Candidates own pieces of that line, and the control,
the first arm, what is left. What is certain when shares change, however many and in whatever direction:

- A subject leaves a candidate only when the share of that candidate falls; who came last leaves first. So nobody flips
  back while a share grows, and growing one candidate moves subjects from the control to it and nobody else.
- Two candidates that change in one call exchange subjects only where the control has none left to give.
- With one or two candidates arms depend on the shares alone: the first has u < share, the second u >= 1 - share, with
  u = point / 2^64. With more, no rule that knows nothing but the shares keeps the first promise (any two candidates
  would have to be each other's complement). So shift the split that is in use, and keep it as `to_dict` gives it.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypedDict

from serinus.arms.pieces import POINTS, Pieces, grown, left, length, overlap, owns, shrunk
from serinus.errors import ExperimentError, listed

ROUNDING = 1e-9  # how far shares may miss 1 in sum: 0.1 + 0.2 + 0.7 does

Owned = Mapping[str, Pieces]


class StoredSplit(TypedDict):
    """A split as JSON takes it: points in hexadecimal, as many readers know no integers beyond 2^53."""

    experiment: str
    arms: list[str]
    salt: str
    forced: dict[str, str]
    pieces: dict[str, list[list[str]]]


@dataclass(frozen=True)
class Split:
    """An experiment's arms, the control first, and who of the subjects gets which. A new one is all control.

    salt: another one draws all subjects anew; take a new one for each experiment
    forced: arms of subjects that get them whatever the shares are, such as one's own staff
    pieces: of each candidate that has any; only `shifted` makes them
    """

    experiment: str
    arms: Sequence[str]
    salt: str
    forced: Mapping[str, str] = field(default_factory=dict)
    pieces: Owned = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_names(self)
        _check_forced(self)
        _check_pieces(self)

    @property
    def control(self) -> str:
        return self.arms[0]

    @property
    def shares(self) -> dict[str, float]:
        """Of every arm; what forced subjects add to it is not in there."""
        candidates = {arm: length(self.pieces.get(arm, ())) for arm in self.arms[1:]}
        points = {self.control: POINTS - sum(candidates.values())} | candidates
        return {arm: count / POINTS for arm, count in points.items()}

    def arm_of(self, subject: str) -> str:
        """The arm that answers `subject`, the key of whatever shall always meet the same arm: a user, not a request."""
        if not subject:
            raise ExperimentError("expected the key of a subject, got an empty one")
        if subject in self.forced:
            return self.forced[subject]
        point = point_of(self.salt, self.experiment, subject)
        return next((arm for arm, pieces in self.pieces.items() if owns(pieces, point)), self.control)

    def shifted(self, shares: Mapping[str, float]) -> "Split":
        """With these shares of candidates; those not named keep theirs, and the control has the rest."""
        wanted = _wanted(self, shares)
        owned = _grown(self, self.pieces, wanted)
        owned = _grown(self, _shrunk(self, owned, wanted), wanted)
        return replace(self, pieces={arm: owned[arm] for arm in self.arms[1:] if owned.get(arm)})

    def to_dict(self) -> StoredSplit:
        return {
            "experiment": self.experiment,
            "arms": list(self.arms),
            "salt": self.salt,
            "forced": dict(self.forced),
            "pieces": {arm: [[f"{edge:x}" for edge in piece] for piece in held] for arm, held in self.pieces.items()},
        }


def split_from(stored: StoredSplit) -> Split:
    """The split that `to_dict` gave."""
    try:
        held = {
            arm: tuple((int(start, 16), int(stop, 16)) for start, stop in pieces)
            for arm, pieces in stored["pieces"].items()
        }
        return Split(stored["experiment"], tuple(stored["arms"]), stored["salt"], dict(stored["forced"]), held)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ExperimentError(f"expected a split as to_dict gives it, got {error!r} from {stored!r}") from error


def point_of(salt: str, experiment: str, subject: str) -> int:
    """Where a subject stands, from 0 to before 2^64. Each part is led by its length: none runs into the next."""
    parts = [part.encode("utf-8", "surrogatepass") for part in (salt, experiment, subject)]
    digest = hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()
    return int.from_bytes(digest[:8], "big")


def _wanted(split: Split, shares: Mapping[str, float]) -> dict[str, int]:
    """How many points each candidate shall have."""
    for arm, share in shares.items():
        if arm not in split.arms:
            raise ExperimentError(f"a share for the unknown arm {arm!r}: expected some of {listed(split.arms)}")
        if not 0 <= share <= 1:
            raise ExperimentError(f"a share of {share} for {arm!r}: expected one from 0 to 1")
    after = {arm: shares.get(arm, split.shares[arm]) for arm in split.arms[1:]}
    total = math.fsum(after.values())
    if total > 1 + ROUNDING:
        raise ExperimentError(f"shares of {total} in sum, {after}: expected at most 1")
    rest = shares.get(split.control, 1 - total)
    if abs(total + rest - 1) > ROUNDING:
        raise ExperimentError(f"a share of {rest} for the control {split.control!r}: expected the rest, {1 - total}")
    held = {arm: length(split.pieces.get(arm, ())) for arm in split.arms[1:]}
    return held | {arm: math.ceil(share * POINTS) for arm, share in shares.items() if arm != split.control}


def _grown(split: Split, owned: Owned, wanted: Mapping[str, int]) -> Owned:
    """Each candidate that shall have more takes it from the control, as far as that has any."""
    for arm, points in wanted.items():
        held = owned.get(arm, ())
        more = max(points - length(held), 0)
        owned = {**owned, arm: grown(held, left(owned.values()), more, upward=_upward(split, arm))}
    return owned


def _shrunk(split: Split, owned: Owned, wanted: Mapping[str, int]) -> Owned:
    return {arm: shrunk(held, length(held) - wanted[arm], upward=_upward(split, arm)) for arm, held in owned.items()}


def _upward(split: Split, arm: str) -> bool:
    """The first candidate grows from 0 upwards, the second from 2^64 downwards, and so on in turn."""
    return list(split.arms).index(arm) % 2 == 1


def _check_names(split: Split) -> None:
    for what, name in [("experiment", split.experiment), ("salt", split.salt), *(("arm", arm) for arm in split.arms)]:
        if not name:
            raise ExperimentError(f"an empty {what}: expected at least one character")
    if len(split.arms) < 2:
        raise ExperimentError(f"arms {list(split.arms)}: expected the control and at least one candidate")
    repeated = [arm for number, arm in enumerate(split.arms) if arm in split.arms[:number]]
    if repeated:
        raise ExperimentError(f"repeated arms {listed(repeated)} of {list(split.arms)}: expected each name once")


def _check_forced(split: Split) -> None:
    for subject, arm in split.forced.items():
        if not subject:
            raise ExperimentError(f"an empty subject is forced to {arm!r}: expected the key of a subject")
        if arm not in split.arms:
            raise ExperimentError(f"{subject!r} is forced to the unknown arm {arm!r}: expected {listed(split.arms)}")


def _check_pieces(split: Split) -> None:
    strangers = [arm for arm in split.pieces if arm not in split.arms[1:]]
    if strangers:
        raise ExperimentError(f"pieces of {listed(strangers)}: expected only candidates, {listed(split.arms[1:])}")
    if overlap(split.pieces.values()):
        raise ExperimentError(f"pieces {dict(split.pieces)}: expected ones within 0 and 2^64 that do not overlap")
