"""Log-normal latencies with spikes: how many answers are slower than a threshold, and how long many take together."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from serinus.simulation.scenario import Behaviour

USUAL_MS, SPIKE_MS, COLD_MS = 50.0, 3000.0, 3000.0
HISTORY = 3000  # requests that the thresholds were taken from
GRID = np.linspace(-12, 12, 4801)
TAIL = np.array([1 - NormalDist().cdf(z) if z < 0 else NormalDist().cdf(-z) for z in GRID])
Numbers = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Thresholds:
    """Of slow and of very slow answers, in ms: the 95th percentile and three times the 99th, [runs]"""

    slow: Numbers
    very_slow: Numbers


def thresholds(baseline: Behaviour, runs: int, random: np.random.Generator) -> Thresholds:
    """As they come out of the last requests before each rollout; never the true percentiles."""
    tails = (random.beta(HISTORY * share, HISTORY * (1 - share) + 1, runs) for share in (0.05, 0.01))
    slow, slowest = (np.array([_threshold(baseline, tail) for tail in tail_of_runs]) for tail_of_runs in tails)
    return Thresholds(slow, 3 * slowest)


def slower_share(behaviour: Behaviour, threshold_ms: Numbers, factor: Numbers | float = 1.0) -> Numbers:
    """The share of answers that take longer, where everything takes `factor` times as long."""
    usual = _tail(behaviour, threshold_ms, factor)
    spiked = _tail(behaviour, threshold_ms - SPIKE_MS, factor)
    share: Numbers = (1 - behaviour.spikes) * usual + behaviour.spikes * spiked
    return share


def total_ms(behaviour: Behaviour, answers: Ints, cold: Ints, random: np.random.Generator) -> Numbers:
    """What so many answers take together. Many of them as a gamma variable with their sum's mean and variance."""
    scale, variance = USUAL_MS * behaviour.slower, behaviour.sigma**2
    few = answers < 200
    parts = random.lognormal(np.log(scale), behaviour.sigma, int(answers[few].sum()))
    total = np.zeros(answers.shape)
    total[few] = np.bincount(np.repeat(np.arange(few.sum()), answers[few]), parts, int(few.sum()))
    mean = scale * np.exp(variance / 2)
    shape = answers / np.expm1(variance)
    total[~few] = random.gamma(shape[~few], mean * np.expm1(variance))
    total += SPIKE_MS * random.binomial(answers, behaviour.spikes) + COLD_MS * cold
    return total


def _tail(behaviour: Behaviour, threshold_ms: Numbers, factor: Numbers | float) -> Numbers:
    usual = USUAL_MS * behaviour.slower * factor
    z = np.log(np.maximum(threshold_ms, 1e-9) / usual) / behaviour.sigma
    tail: Numbers = np.interp(z, GRID, TAIL)
    return tail


def _threshold(behaviour: Behaviour, tail: float) -> float:
    """What the share `tail` of the answers is slower than."""
    spikes = behaviour.spikes
    inside = (tail - spikes) / (1 - spikes) if tail > spikes else tail / spikes
    z = NormalDist().inv_cdf(1 - min(max(inside, 1e-9), 1 - 1e-9))
    value = float(USUAL_MS * behaviour.slower * np.exp(behaviour.sigma * z))
    return value if tail > spikes else value + SPIKE_MS
