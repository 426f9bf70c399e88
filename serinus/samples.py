"""How many answers it takes before the distance between two histograms says more than chance does."""

import math
from functools import cache

FALSE_ALARMS = 1e-3
HALVINGS = 60


def least_answers(kinds: int, limit: float, baseline_share: float = 1.0, *, rate: float = FALSE_ALARMS) -> int:
    """The fewest candidate answers with which, without drift, KL(candidate || baseline) exceeds `limit` but at `rate`.

    kinds: bins or classes; limit: in nats; rate: of false alarms, in one look
    baseline_share: m / (n + m) of n candidate and m baseline answers; 1 when what is compared with is known exactly

    Without drift, 2 n m / (n + m) KL is about chi-squared with kinds - 1 degrees of freedom. Simulated with Jeffreys'
    smoothing, less the bias: below `rate` from baseline_share 0.9 on; up to twice it at 0.5, 2.6 times it below.
    """
    if not kinds >= 2:
        raise ValueError(f"expected 2 kinds of answers or more, got {kinds}")
    if not 0 < limit < math.inf:
        raise ValueError(f"expected a limit above 0 nats, got {limit}")
    if not 0 < baseline_share <= 1:
        raise ValueError(f"expected a baseline share above 0, at most 1, got {baseline_share}")
    if not 0 < rate < 1:
        raise ValueError(f"expected a rate of false alarms between 0 and 1, got {rate}")
    return math.ceil(exceeded(rate, kinds - 1) / (2 * limit * baseline_share))


@cache
def exceeded(rate: float, freedom: int) -> float:
    """What chi-squared with `freedom` degrees exceeds with chance `rate`."""
    low, high = 0.0, 1.0
    while _beyond(high, freedom) > rate:
        low, high = high, 2 * high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _beyond(middle, freedom) > rate else (low, middle)
    return high


def _beyond(value: float, freedom: int) -> float:
    """P(chi-squared > value), a finite sum for whole degrees of freedom (DLMF 8.4.8 to 8.4.10 and 8.8.2)."""
    half, odd = value / 2, freedom % 2
    powers = (step + odd / 2 for step in range(freedom // 2))
    terms = (math.exp(power * math.log(half) - half - math.lgamma(power + 1)) for power in powers)
    return math.fsum(terms) + (math.erfc(math.sqrt(half)) if odd else 0.0)
