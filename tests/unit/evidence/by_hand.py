"""E-values multiplied out event by event in fractions, from the formulas of the papers: slow, and exact."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import product
from math import log, prod

import numpy as np

ONE = Fraction(1)


def share(weight: float, ratio: float) -> Fraction:
    """The chance that an event is the candidate's, where its rate there is `ratio` times the baseline's."""
    w, r = Fraction(weight), Fraction(ratio)
    return w * r / (w * r + 1 - w)


def likelihood_ratio(came: int, alternative: Fraction, null: Fraction) -> Fraction:
    """Of one trial: how much likelier its outcome is under the alternative."""
    return alternative / null if came else (1 - alternative) / (1 - null)


def coin(sides: Iterable[int], weights: Iterable[float], ratio: float, null: float = 1.0) -> Fraction:
    """Of events in their order: 1 on the candidate, 0 on the baseline, each with the candidate's weight then."""
    events = zip(sides, weights, strict=True)
    return prod((likelihood_ratio(side, share(w, ratio), share(w, null)) for side, w in events), start=ONE)


def trials(outcomes: Iterable[int], alternative: float, null: float) -> Fraction:
    """Of trials in their order: 1 where the event came."""
    rates = Fraction(alternative), Fraction(null)
    return prod((likelihood_ratio(outcome, *rates) for outcome in outcomes), start=ONE)


def mean(fractions: Iterable[Fraction]) -> Fraction:
    listed = list(fractions)
    return sum(listed, Fraction(0)) / len(listed)


def growing(stretches: Sequence[tuple[Fraction, Sequence[Fraction]]]) -> Fraction:
    """Of stretches in their order: the prior of a beginning right before it, and its likelihood ratios."""
    begun = sum((prior for prior, _ in stretches), Fraction(0))
    later = sum((prior * _since(stretches[k:]) for k, (prior, _) in enumerate(stretches)), Fraction(0))
    return (_since(stretches) + later + 1 - begun) / 2


def _since(stretches: Sequence[tuple[Fraction, Sequence[Fraction]]]) -> Fraction:
    return mean(prod(ratios, start=ONE) for ratios in zip(*(ratios for _, ratios in stretches), strict=True))


def log_of(fraction: Fraction) -> float:
    """Its logarithm, also where it fits no float."""
    return log(fraction.numerator) - log(fraction.denominator)


def outcomes(kinds: int, events: int) -> np.ndarray:
    """All that a few events can come to, [kinds ** events, events]."""
    return np.array(list(product(range(kinds), repeat=events)))
