"""What has drifted, and what is to blame: the model, or what it is asked.

One look at histograms that stand still. Who looks again and again, and acts on the first alarm, needs the e-processes
of `serinus.evidence` as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from serinus.distance import js, kinds, kl, psi
from serinus.histogram import Histogram
from serinus.samples import FALSE_ALARMS, least_answers

LIMIT = 0.3  # nats
MOVED = 0.2  # PSI of a feature
Cause = Literal["no drift", "model change", "input change", "both"]
CAUSES: Mapping[tuple[bool, bool], Cause] = {
    (False, False): "no drift",
    (True, False): "model change",
    (False, True): "input change",
    (True, True): "both",
}
SENTENCES: Mapping[Cause, str] = {
    "no drift": "No drift: the candidate answers like the baseline ({beside}), and that like the reference ({moved}).",
    "model change": "Model change: the candidate answers unlike the baseline beside it ({beside}), which answers like "
    "the reference ({moved}).",
    "input change": "Input change: candidate and baseline answer alike ({beside}), but the baseline unlike the "
    "reference ({moved}); look at the inputs, as rolling back would not help.",
    "both": "Both: the candidate answers unlike the baseline ({beside}), and that unlike the reference ({moved}); hold "
    "the release, and look at the inputs first.",
}


@dataclass(frozen=True)
class Apart:
    """kl: KL(now || then), in nats, of so many answers now and then"""

    kl: float
    now: int
    then: int

    def __str__(self) -> str:
        return f"KL {max(self.kl, 0.0):.3f} of {self.now:,} answers and {self.then:,}"


@dataclass(frozen=True)
class Attribution:
    """candidate: how far it is from the baseline beside it; baseline: how far that is from the reference"""

    cause: Cause
    candidate: Apart
    baseline: Apart
    limit: float

    @property
    def may_roll_back(self) -> bool:
        """Never for what befell candidate and baseline alike."""
        return self.cause == "model change"

    @property
    def sentence(self) -> str:
        told = SENTENCES[self.cause].format(beside=self.candidate, moved=self.baseline)
        return f"{told} The limit is {self.limit:g} nats."


@dataclass(frozen=True)
class Shortfall:
    """needed: at least, beside as many of the others as there are now"""

    whose: str
    answers: int
    needed: int

    def __str__(self) -> str:
        return f"the {self.whose} has {self.answers:,} and needs at least {self.needed:,}"


@dataclass(frozen=True)
class TooFew:
    """Nothing is said of drift: with so few answers, chance alone would exceed the limit too often."""

    short: tuple[Shortfall, ...]
    cause: Literal["too few answers"] = "too few answers"

    @property
    def sentence(self) -> str:
        return f"Too few answers to judge: {'; '.join(map(str, self.short))}."


@dataclass(frozen=True)
class Movement:
    """How a feature of `rows` rows differs from the reference; psi and js are None where `needed` rows were needed."""

    feature: str
    rows: int
    needed: int
    psi: float | None
    js: float | None

    @property
    def is_far(self) -> bool:
        return self.psi is not None and self.psi > MOVED


def attribute(
    reference: Histogram, baseline: Histogram, candidate: Histogram, *, limit: float = LIMIT
) -> Attribution | TooFew:
    """reference: of the baseline's bundle, in whose bins all three are; baseline, candidate: of the same time."""
    bins = kinds(reference, baseline, candidate)
    sides = {"candidate": candidate.total, "baseline": baseline.total, "reference": reference.total}
    pairs = (("candidate", "baseline"), ("baseline", "reference"))
    short = [lack for pair in pairs for lack in _lacks({whose: sides[whose] for whose in pair}, bins, limit)]
    if short:
        return TooFew(tuple({lack.whose: lack for lack in sorted(short, key=lambda lack: lack.needed)}.values()))
    beside = Apart(kl(candidate, baseline), candidate.total, baseline.total)
    moved = Apart(kl(baseline, reference), baseline.total, reference.total)
    return Attribution(CAUSES[beside.kl > limit, moved.kl > limit], beside, moved, limit)


def movements(reference: Mapping[str, Histogram], now: Mapping[str, Histogram]) -> list[Movement]:
    """The features, by PSI, the farthest first; last those of too few rows. All share one rate of false alarms."""
    if set(reference) != set(now):
        raise ValueError(f"expected the features {sorted(reference)}, got {sorted(now)}")
    rate = FALSE_ALARMS / max(1, len(reference))
    moved = [_movement(name, now[name], reference[name], rate) for name in reference]
    return sorted(moved, key=lambda one: (one.psi is None, -(one.psi or 0.0)))


def _movement(feature: str, now: Histogram, reference: Histogram, rate: float) -> Movement:
    """Without drift, PSI is about twice KL, hence half the limit."""
    share = max(reference.total, 1) / (now.total + max(reference.total, 1))
    needed = least_answers(kinds(now, reference), MOVED / 2, share, rate=rate)
    if now.total < needed:
        return Movement(feature, now.total, needed, None, None)
    return Movement(feature, now.total, needed, psi(now, reference), js(now, reference))


def _lacks(answers: Mapping[str, int], bins: int, limit: float) -> list[Shortfall]:
    """What the side with fewer answers lacks, if anything."""
    (whose, few), (_, many) = sorted(answers.items(), key=lambda side: side[1])
    needed = least_answers(bins, limit, max(many, 1) / (few + max(many, 1)))
    return [Shortfall(whose, few, needed)] if few < needed else []
