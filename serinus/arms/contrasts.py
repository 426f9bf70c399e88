"""What is compared between a candidate and the control, and which of two values is the better one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from serinus.arms.confidence import mean_margin, rate_bounds
from serinus.arms.tallies import Counts, Moments, Tally

# Subjects of an arm before bounds of a mean are told, as they hold only for many. With alpha 0.05 and a tenth of 30,000
# log-normal latencies, bounds told from 500 on erred in 1.4 % of 1,000 runs at sigma 0.5, 3.1 % at 1, and 6.2 % at 1.5,
# a very heavy tail; told from 100 on in 2.8, 6.9 and 13.5 %.
FEWEST = 500


@dataclass(frozen=True)
class Seen:
    """A metric on both arms, and the bounds of candidate minus control; None where nothing was counted."""

    control: float | None
    candidate: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Metric:
    """What is compared: how, in which words, and which of two values is the better one.

    more, fewer: what the candidate does that has more, or less; holds the amount, of `factor` times the value
    tolerated: how much worse a candidate may be without being called so
    """

    name: str
    seen: Callable[[Counts, Counts, float], Seen]
    better: Literal["more", "less"]
    more: str
    fewer: str
    unit: str = "points"
    factor: float = 100
    tolerated: float = 0.0


def _rates(candidate: Tally, control: Tally, alpha: float) -> Seen:
    low, high = rate_bounds([candidate.events, control.events], [candidate.of, control.of], (1, -1), alpha)
    return Seen(control.rate, candidate.rate, float(low), float(high))


def _agreement(candidate: Counts, _: Counts, alpha: float) -> Seen:
    """The control agrees with itself, whatever was counted of that."""
    pairs = candidate.agreement
    low, high = rate_bounds([pairs.events], [pairs.of], (1,), alpha)
    return Seen(1.0, pairs.rate, float(low) - 1, float(high) - 1)


def _means(candidate: Moments, control: Moments, alpha: float) -> Seen:
    if min(candidate.count, control.count) < FEWEST:
        return Seen(control.mean, candidate.mean, float("-inf"), float("inf"))
    variance = candidate.variance / candidate.count + control.variance / control.count
    margin = float(mean_margin(variance, candidate.count + control.count, alpha))
    lift = candidate.total / candidate.count - control.total / control.count
    return Seen(control.mean, candidate.mean, lift - margin, lift + margin)


ERRORS = Metric(
    "errors",
    lambda candidate, control, alpha: _rates(candidate.errors, control.errors, alpha),
    better="less",
    more="fails for {} more of its subjects",
    fewer="fails for {} fewer of its subjects",
)
SLOW = Metric(
    "slow answers",
    lambda candidate, control, alpha: _rates(candidate.slow, control.slow, alpha),
    better="less",
    more="is slow for {} more of its subjects",
    fewer="is slow for {} fewer of its subjects",
)
LATENCY = Metric(
    "latency",
    lambda candidate, control, alpha: _means(candidate.latency_us, control.latency_us, alpha),
    better="less",
    more="takes {} longer on average",
    fewer="takes {} less on average",
    unit="ms",
    factor=1 / 1000,
)
AGREEMENT = Metric(
    "agreement",
    _agreement,
    better="more",
    more="",  # than always, it cannot
    fewer="answers {} of the pairs otherwise",
    unit="%",
    tolerated=0.02,  # a model that was trained anew rightly differs now and then
)
ACCURACY = Metric(
    "accuracy",
    lambda candidate, control, alpha: _rates(candidate.accuracy, control.accuracy, alpha),
    better="more",
    more="is right for {} more of its subjects",
    fewer="is right for {} fewer of its subjects",
)
METRICS = (ERRORS, SLOW, LATENCY, AGREEMENT, ACCURACY)
