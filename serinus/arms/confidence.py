"""Confidence sequences: bounds of which all hold at once, with a chance of at least 1 - alpha, however often one looks.

A fixed interval holds at one look that was planned; looked at again and again until it excludes zero, it will.
Everything broadcasts over leading axes, so one experiment and a thousand simulated ones go through the same lines.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from serinus.evidence import Given, Numbers

TIGHTEST_AT = 5_000  # subjects at which bounds of means are tightest; a tenth wider than need be at 1,000 and 100,000
SMALLEST, LARGEST, HALVINGS = -20.0, 50.0, 70
_log_gamma = np.frompyfunc(math.lgamma, 1, 1)


def rate_bounds(events: ArrayLike, of: ArrayLike, signs: tuple[int, ...], alpha: float) -> tuple[Numbers, Numbers]:
    """Bounds of sum_k signs[k] p_k, where `events` of `of` happened at the rate p_k: [..., K] -> [...], twice.

    (1,) bounds a rate, (1, -1) the difference of two. The bounds are those of the region in which

        prod_k  integral of q^x (1-q)^(n-x) dBeta(1/2, 1/2)(q)  /  p_k^x (1-p_k)^(n-x)   <  1/alpha

    Each factor is a martingale of mean 1 at the true p_k (Robbins, Annals of Mathematical Statistics 41, 1970), so is
    the product, so by Ville's inequality the true rates ever leave the region with a chance of at most alpha. Exact at
    every size, no approximation; shares may change, and depend on what was seen. What it takes: each arm's subjects
    happen independently at a rate that stays the same.
    """
    events, of = np.asarray(events, np.float64), np.asarray(of, np.float64)
    upper = _largest(events, of, np.asarray(signs), alpha)
    return 0.0 - _largest(events, of, -np.asarray(signs), alpha), upper


def mean_margin(variance: Given, count: Given, alpha: float) -> Numbers:
    """How far a difference of two means may be from the one seen, which is of `count` subjects and has `variance`.

    The asymptotic confidence sequence (eq. 9) of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, arXiv 2103.06476: holds
    in the limit of many subjects, not exactly. Shares must not depend on what was seen.
    """
    rho_squared = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / TIGHTEST_AT
    grown = np.asarray(count) * rho_squared
    margin: Numbers = np.sqrt(np.asarray(variance) * (1 + 1 / grown) * (np.log1p(grown) - 2 * math.log(alpha)))
    return margin


def _largest(events: Numbers, of: Numbers, signs: Numbers, alpha: float) -> Numbers:
    """The largest sum of signed rates in the region. Where it is, the likelihood falls by the same slope along each
    rate: signs * d/dp = slope. The loss grows with the slope, which is found by halving on its logarithm."""
    room = np.sum(math.log(math.pi) - _log_beta(events + 0.5, of - events + 0.5), axis=-1) - math.log(alpha)
    low, high = np.full(room.shape, SMALLEST), np.full(room.shape, LARGEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        rates = _rates_of_slope(events, of, signs * np.exp(middle)[..., None])
        inside = np.sum(_loss(events, rates) + _loss(of - events, 1 - rates), axis=-1) <= room
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    largest: Numbers = np.sum(signs * _rates_of_slope(events, of, signs * np.exp(high)[..., None]), axis=-1)
    return largest


def _rates_of_slope(events: Numbers, of: Numbers, slope: Numbers) -> Numbers:
    """The p in [0, 1] of n p - x = slope p (1 - p), by those forms of its root in which nothing cancels."""
    steep = np.abs(slope)
    root = np.sqrt((of - steep) ** 2 + 4 * steep * np.where(slope > 0, events, of - events))
    flat = of >= slope
    below = np.where(flat, of - slope + root, 1.0)
    return np.where(flat, 2 * events / np.where(below > 0, below, 1.0), (root - of + slope) / (2 * np.abs(slope)))


def _loss(count: Numbers, rate: Numbers) -> Numbers:
    """-count log(rate), with 0 log 0 = 0."""
    logs = np.log(np.where(rate > 0, rate, 1.0))
    return np.where(count > 0, np.where(rate > 0, -count * logs, np.inf), 0.0)


def _log_beta(a: Numbers, b: Numbers) -> Numbers:
    return np.asarray(_log_gamma(a) + _log_gamma(b) - _log_gamma(a + b), np.float64)
