"""How far one histogram is from another with the same bins.

p are the shares now, q those of the reference, of n and m answers. k is how many bins anything fell in, now or in the
reference: the others say nothing. "Smoothed" is after Jeffreys: p = (count + 1/2) / (n + k/2).
"""

import numpy as np
from numpy.typing import NDArray

from serinus.evidence import divergence
from serinus.histogram import Histogram, demand_same_bins

Numbers = NDArray[np.float64]
EPSILON = 1e-10


def kl(now: Histogram, reference: Histogram) -> float:
    """KL(now || reference), the sum of p ln(p / q), in nats, smoothed. The other direction is kl(reference, now).

    Less what chance adds, (k - 1)/2 (1/n + 1/m): without drift it is 0 on average, and may be below.
    """
    return float(divergence(*_counts(now, reference)))


def psi(now: Histogram, reference: Histogram) -> float:
    """The population stability index, the sum of (p - q) ln(p / q), smoothed, less (k - 1)(1/n + 1/m).

    It is KL(now || reference) + KL(reference || now), so it has no direction.
    """
    return kl(now, reference) + kl(reference, now)


def js(now: Histogram, reference: Histogram) -> float:
    """The Jensen-Shannon distance, from 0 to 1: the root of the divergence to base 2, of the shares as they are."""
    p, q = _shares(now, reference)
    middle = (p + q) / 2
    return float(np.sqrt(max(0.0, (_information(p, middle) + _information(q, middle)) / (2 * np.log(2)))))


def tv(now: Histogram, reference: Histogram) -> float:
    """The total variation, from 0 to 1: the share of answers that fell in other bins; of the shares as they are."""
    p, q = _shares(now, reference)
    return float(np.abs(p - q).sum() / 2)


def kl_plain(now: Histogram, reference: Histogram) -> float:
    """KL(now || reference) as other tools have it: 1e-10 added to every share, chance not taken off.

    A bin that is empty in the reference alone is worth ln(1e10) = 23 times its share now. Only compare with it.
    """
    p, q = (shares + EPSILON for shares in _shares(now, reference))
    return _information(p / p.sum(), q / q.sum())


def kinds(first: Histogram, *others: Histogram) -> int:
    """In how many bins there is anything; at least 2, as one more would have been possible."""
    demand_same_bins(first, *others)
    return max(2, int(np.any([one.counts for one in (first, *others)], axis=0).sum()))


def _counts(now: Histogram, reference: Histogram) -> Numbers:
    """[2, k]"""
    demand_same_bins(now, reference)
    counts = np.array([now.counts, reference.counts], np.float64)
    if not counts.any(axis=1).all():
        raise ValueError(f"expected answers on both sides, got {now.total} now and {reference.total} in the reference")
    return counts[:, counts.any(axis=0)]


def _shares(now: Histogram, reference: Histogram) -> Numbers:
    counts = _counts(now, reference)
    shares: Numbers = counts / counts.sum(axis=1, keepdims=True)
    return shares


def _information(p: Numbers, q: Numbers) -> float:
    there = p > 0
    return float(np.sum(p[there] * np.log(p[there] / q[there])))
