"""What was counted on an arm, as small sums: merged by addition, in any order and split.

Count subjects, not requests. Requests of one subject resemble each other, and a sticky split gives an arm all of them:
counted one by one they look like more evidence than they are. A subject counts once for each metric, when what is asked
of it is known (did any request of its first day fail?), and what was counted of it is never revised.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from serinus.errors import ExperimentError, listed


@dataclass(frozen=True)
class Tally:
    """How many subjects something happened to, and of how many it is known whether it did."""

    events: int = 0
    of: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.events <= self.of:
            raise ExperimentError(f"{self.events} events of {self.of} subjects: expected from 0 to {self.of}")

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.events + other.events, self.of + other.of)

    @property
    def rate(self) -> float | None:
        return self.events / self.of if self.of else None


@dataclass(frozen=True)
class Moments:
    """The sum and the sum of squares of one whole number for each subject, such as its mean latency in microseconds.

    Whole numbers add up to the same in any order; fractions do not.
    """

    count: int = 0
    total: int = 0
    squares: int = 0

    def __post_init__(self) -> None:
        if self.count < 0 or self.squares * self.count < self.total**2:
            raise ExperimentError(
                f"{self}: expected a count from 0, and count * squares from total^2 = {self.total**2}"
            )

    @classmethod
    def of(cls, value: int) -> "Moments":
        return cls(1, value, value * value)

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.count + other.count, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None

    @property
    def variance(self) -> float:
        """The sample variance; of at least two subjects."""
        return (self.squares * self.count - self.total**2) / (self.count * (self.count - 1))


@dataclass(frozen=True)
class Counts:
    """What was counted on one arm; nothing yet, unless told.

    errors: subjects with a failed request
    slow: subjects with a request slower than a threshold, which was fixed before the experiment
    latency_us: each subject's mean latency
    agreement: subjects that this arm and the control answered alike, of those whose request both were given
    accuracy: subjects that were answered rightly, of those whose truth is known
    """

    errors: Tally = Tally()
    slow: Tally = Tally()
    latency_us: Moments = Moments()
    agreement: Tally = Tally()
    accuracy: Tally = Tally()

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.errors + other.errors,
            self.slow + other.slow,
            self.latency_us + other.latency_us,
            self.agreement + other.agreement,
            self.accuracy + other.accuracy,
        )

    def to_dict(self) -> dict[str, dict[str, int]]:
        """Python's whole numbers: sums of squares outgrow 64 bits where latencies are long and subjects are many."""
        return asdict(self)


def counts_from(stored: Mapping[str, Mapping[str, int]]) -> Counts:
    """The counts that `to_dict` gave; what is not named was not counted."""
    names = [field.name for field in fields(Counts)]
    unknown = [name for name in stored if name not in names]
    if unknown:
        raise ExperimentError(f"counts of {listed(unknown)}: expected some of {', '.join(names)}")
    errors, slow, latency_us, agreement, accuracy = (stored.get(name, {}) for name in names)
    try:
        return Counts(Tally(**errors), Tally(**slow), Moments(**latency_us), Tally(**agreement), Tally(**accuracy))
    except TypeError as error:
        raise ExperimentError(f"expected counts as to_dict gives them, got {dict(stored)}: {error}") from error
