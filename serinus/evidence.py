"""How strongly counts speak against a release: e-processes, exact binomial bounds, a distance between histograms.

Everything takes numbers or arrays and broadcasts over their leading axes, so one release and a thousand simulated ones
go through the same lines. An e-process is kept as log likelihood ratios, one for each alternative on the last axis.
Under what it speaks against, the chance that it ever reaches 1/alpha is at most alpha, however often it is looked at
(Ville 1939; Howard & Ramdas, Bernoulli 28(3), 2022).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]
Counts = Numbers | NDArray[np.int64]
Given = Counts | float
SPREAD = (1.5, 2.0, 4.0, 8.0, 16.0, 32.0)  # how many times the tolerated rate the alternatives are
EITHER_WAY = (1 / 32, 1 / 8, 1 / 4, 1 / 2, 2 / 3, 4 / 5, 5 / 4, 3 / 2, 2.0, 4.0, 8.0, 32.0)
LABEL_RATIOS = (1 / 4, 1 / 2, 1.0, 2.0, 4.0)
CONVERGED, MOST_TERMS, TINY = 1e-13, 20_000, 1e-300


@dataclass(frozen=True)
class Growing:
    """An e-process that does not know when the harm began: half of it begins with the first event, half is spread over
    later beginnings, each with its share of the prior. What did not begin yet is `waiting`, and worth what it was.

    E(t) = 1/2 LR(0, t) + 1/2 (sum of share(k) LR(k, t) over the beginnings k until t, + waiting),  LR a mean over [J]

    whole: log LR since the start, [..., J]; late: log of that sum, by alternative, [..., J]; waiting: [...]
    """

    whole: Numbers
    late: Numbers
    waiting: Numbers

    @classmethod
    def fresh(cls, *shape: int) -> "Growing":
        return cls(np.zeros(shape), np.full(shape, -np.inf), np.ones(shape[:-1]))

    def begun(self, share: float | Numbers) -> "Growing":
        """With another beginning here, which gets `share` of the prior, or what is left of it."""
        given = np.minimum(share, self.waiting)
        late = np.logaddexp(self.late, _log(given)[..., None])
        return Growing(self.whole, late, self.waiting - given)

    def seen(self, log_ratios: Numbers) -> "Growing":
        """After events whose log likelihood ratios are `log_ratios`, [..., J]."""
        return Growing(self.whole + log_ratios, self.late + log_ratios, self.waiting)

    @property
    def log_e(self) -> Numbers:
        """The logarithm of the e-value, [...]."""
        waiting = _log(self.waiting)
        top = np.maximum(np.maximum(self.whole.max(axis=-1), self.late.max(axis=-1)), waiting)
        grown = sum(np.exp(logs - top[..., None]).sum(axis=-1) for logs in (self.whole, self.late))
        log_e: Numbers = np.log((grown / self.whole.shape[-1] + np.exp(waiting - top)) / 2) + top
        return log_e


def log_mean(logs: Numbers) -> Numbers:
    """The logarithm of the mean over the last axis."""
    top = np.max(logs, axis=-1)
    anchor = np.where(np.isfinite(top), top, 0.0)
    above: Numbers = _log(np.mean(np.exp(logs - anchor[..., None]), axis=-1))
    return above + anchor


def coin(candidate: Given, baseline: Given, weight: Given, ratios: ArrayLike, null: Given = 1.0) -> Numbers:
    """Log likelihood ratios of events that fell on the candidate and on the baseline, [..., J].

    Of events whose rate on the candidate is r times that on the baseline, the candidate has w r / (w r + 1 - w), where
    w is its weight when they happened: no need to know the traffic, and what befalls both sides says nothing. Compares
    r = ratios [J] with the largest r that is tolerated, `null`. The weight may change from call to call.
    Lindon & Malek, Anytime-Valid Inference for Multinomial Count Data, NeurIPS 2022.
    """
    ratios, null = np.asarray(ratios), np.asarray(null)[..., None]
    candidate, baseline, weight = (np.asarray(given)[..., None] for given in (candidate, baseline, weight))
    shrinking = np.log((weight * null + 1 - weight) / (weight * ratios + 1 - weight))
    log_ratios: Numbers = candidate * np.log(ratios / null) + (candidate + baseline) * shrinking
    return log_ratios


def trials(events: Given, of: Given, null: Given, alternatives: ArrayLike) -> Numbers:
    """Log likelihood ratios of `events` in `of` independent trials: each of `alternatives` [..., J] against `null`.

    With one alternative, the sum over time is Wald's sequential probability ratio test (Annals of Mathematical
    Statistics 16, 1945). Decide against at 1/alpha, not at his (1 - beta)/alpha, where watching goes on after a pass.
    """
    events, of, null = (np.asarray(given)[..., None] for given in (events, of, null))
    alternatives = np.asarray(alternatives)
    failing, succeeding = np.log(alternatives / null), np.log((1 - alternatives) / (1 - null))
    log_ratios: Numbers = events * failing + (of - events) * succeeding
    return log_ratios


def labels_coin(candidate: Given, baseline: Given, weight: Given) -> Numbers:
    """Log likelihood ratios of the answers [..., K] of both sides, by label and ratio, [..., K, J].

    Given its label, an answer is the candidate's with chance w if both sides answer alike, whatever the labels' shares
    are: an exact martingale for each label, and the product over the labels is one. No baseline has to be estimated.
    """
    return coin(candidate, baseline, np.asarray(weight)[..., None], np.asarray(LABEL_RATIOS))


def labels_log_e(log_ratios: Numbers) -> Numbers:
    """The logarithm of the e-value of what `labels_coin` gave, summed over time: [..., K, J] -> [...]."""
    return np.sum(log_mean(log_ratios), axis=-1)


def binomial_cdf(events: Given, of: Given, rate: Given) -> Numbers:
    """P(X <= events) for X ~ Binomial(of, rate), as the incomplete beta function I(1-rate; of-events, events+1).

    Lentz's continued fraction (DLMF 8.17.22; Numerical Recipes 6.4); 8 digits or better up to a million trials.
    events, of: whole numbers.
    """
    given = (np.subtract(of, events), np.add(events, 1), 1 - np.asarray(rate))
    a, b, z = (np.asarray(one, np.float64) for one in np.broadcast_arrays(*given))
    certain = (a <= 0) | (z >= 1)
    a, z = np.where(certain, 1.0, a), np.where(certain, 0.5, z)
    turned = z > (a + 1) / (a + b + 2)
    low = _incomplete_beta(np.where(turned, b, a), np.where(turned, a, b), np.where(turned, 1 - z, z))
    return np.where(certain, 1.0, np.where(turned, 1 - low, low))


def upper_bound(events: float, of: float, confidence: float = 0.95) -> float:
    """The exact (Clopper & Pearson, Biometrika 26, 1934) upper bound of a rate; 1 when nothing was tried.

    0 events of 59 bound it below 5 % with confidence 0.95, as do 1 of 93, 2 of 124 and 3 of 153.
    """
    low, high = 0.0, 1.0
    for _ in range(60 if events < of else 0):
        middle = (low + high) / 2
        low, high = (low, middle) if binomial_cdf(events, of, middle) < 1 - confidence else (middle, high)
    return high


def divergence(candidate: Counts, baseline: Counts) -> Numbers:
    """KL(candidate || baseline) of two histograms of counts [..., K], in nats, less what chance alone adds.

    Both are smoothed after Jeffreys, (count + 1/2) / (n + K/2). The plug-in estimate is too large by about
    (K-1)/2 (1/n + 1/m) (Miller 1955; Paninski, Neural Computation 15, 2003), which is taken off.
    """
    kinds = candidate.shape[-1]
    n, m = np.sum(candidate, axis=-1), np.sum(baseline, axis=-1)
    p = (candidate + 0.5) / (n + kinds / 2)[..., None]
    q = (baseline + 0.5) / (m + kinds / 2)[..., None]
    chance = (kinds - 1) / 2 * (1 / np.maximum(n, 1) + 1 / np.maximum(m, 1))
    corrected: Numbers = np.sum(p * np.log(p / q), axis=-1) - chance
    return corrected


def _log(numbers: Given) -> Numbers:
    """log, with -inf for 0 and no warning."""
    numbers = np.asarray(numbers)
    return np.where(numbers > 0, np.log(np.where(numbers > 0, numbers, 1.0)), -np.inf)


def _incomplete_beta(a: Numbers, b: Numbers, z: Numbers) -> Numbers:
    """I_z(a, b) where z is below about a / (a + b), which is where the fraction converges fast."""
    edge = np.exp(a * _log(z) + b * _log(1 - z) + _log_gamma(a + b) - _log_gamma(a) - _log_gamma(b)) / a
    c, d = np.ones_like(a), 1 / _kept_from_zero(1 - (a + b) * z / (a + 1))
    fraction, going = d, np.ones_like(d, dtype=bool)
    for m in range(1, MOST_TERMS):
        for numerator in (
            m * (b - m) * z / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * z / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _kept_from_zero(1 + numerator * d)
            c = _kept_from_zero(1 + numerator / c)
            fraction = np.where(going, fraction * c * d, fraction)
        going = going & (np.abs(c * d - 1) >= CONVERGED)  # what has converged is left: a batch is bit for bit its parts
        if not going.any():
            break
    value: Numbers = edge * fraction
    return value


def _kept_from_zero(numbers: Numbers) -> Numbers:
    return np.where(np.abs(numbers) < TINY, TINY, numbers)


def _log_gamma(x: Numbers) -> Numbers:
    """Stirling's series (DLMF 5.11.1) from x + 10 on, brought back down; x > 0, 13 digits."""
    far = x + 10
    below = np.prod([x + step for step in range(10)], axis=0, dtype=np.float64)
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * far**2)) / far**2) / far**2) / far
    log_gamma: Numbers = (far - 0.5) * np.log(far) - far + 0.5 * np.log(2 * np.pi) + series - np.log(below)
    return log_gamma
