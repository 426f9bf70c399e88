"""How candidates differ from the control, with bounds that hold at every look, and in words.

All bounds of all candidates and metrics hold at once, at every look, with a chance of at least 1 - alpha: each gets an
equal part of alpha. Those of rates do so exactly, that of the mean latency for many subjects. So name all arms from the
start, with no counts yet, and always the same metrics. Counts of a time with other shares belong in another comparison:
where errors change with the hour, an arm that got most of its subjects in a bad hour looks bad.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from serinus.arms.contrasts import METRICS, Metric, Seen
from serinus.arms.tallies import Counts
from serinus.errors import ExperimentError, listed

ALWAYS = "whatever the number of looks"

Verdict = Literal["better", "worse", "not shown"]


@dataclass(frozen=True)
class Finding:
    """One metric of one candidate. Values, lift and bounds are shares of 1, or microseconds."""

    metric: Metric
    arm: str
    control: str
    seen: Seen

    @property
    def lift(self) -> float | None:
        """Candidate minus control."""
        if self.seen.candidate is None or self.seen.control is None:
            return None
        return self.seen.candidate - self.seen.control

    @property
    def relative_lift(self) -> float | None:
        return self.lift / self.seen.control if self.lift is not None and self.seen.control else None

    @property
    def verdict(self) -> Verdict:
        """Better or worse only where the bounds show it."""
        low, high = self.seen.low, self.seen.high
        worst, best = (low, high) if self.metric.better == "more" else (-high, -low)
        if worst > 0:
            return "better"
        return "worse" if best < -self.metric.tolerated else "not shown"

    @property
    def sentence(self) -> str:
        low, high = (self.metric.factor * bound for bound in (self.seen.low, self.seen.high))
        if math.isinf(high):
            return f"{self.arm}: too few subjects to say anything of {self.metric.name}"
        if self.lift is None or low <= 0 <= high:
            between = f"between {_figure(low)} and {_figure(high)} {self.metric.unit}"
            return f"{self.arm}: no difference of {self.metric.name} was shown yet: {between}"
        amount = f"{_figure(abs(self.metric.factor * self.lift))} {self.metric.unit}"
        near, far = sorted(map(abs, (low, high)))
        said = (self.metric.more if low > 0 else self.metric.fewer).format(amount)
        return f"{self.arm} {said} than {self.control} (between {_figure(near)} and {_figure(far)}, {ALWAYS})"


def compare(
    counts: Mapping[str, Counts], *, control: str, metrics: Sequence[Metric] = METRICS, alpha: float = 0.05
) -> tuple[Finding, ...]:
    """Every candidate of `counts` against the arm `control` on every one of `metrics`."""
    candidates = [arm for arm in counts if arm != control]
    if control not in counts or not candidates:
        raise ExperimentError(f"counts of {listed(list(counts))}: expected the control {control!r} and a candidate")
    if not metrics:
        raise ExperimentError("no metrics: expected at least one")
    if not 0 < alpha < 1:
        raise ExperimentError(f"alpha {alpha}: expected more than 0 and less than 1")
    each = alpha / (len(candidates) * len(metrics))
    return tuple(
        Finding(metric, arm, control, metric.seen(counts[arm], counts[control], each))
        for arm in candidates
        for metric in metrics
    )


def _figure(number: float) -> str:
    """Two digits, or all in front of the point."""
    return f"{number:.0f}" if abs(number) >= 99.5 else f"{number + 0.0:.2g}"
