"""How far the histogram of the candidate's answers is from the baseline's."""

from math import log

import numpy as np
import pytest
from scipy import stats

from serinus.evidence import divergence

RUNS = 10_000
SHARES = {
    "3 kinds": (100, [0.5, 0.3, 0.2]),
    "3 kinds, few answers": (30, [0.5, 0.3, 0.2]),
    "5 kinds": (100, [0.4, 0.3, 0.2, 0.07, 0.03]),
    "10 kinds": (100, [0.1] * 10),
}


def chance(n: float, m: float, kinds: int) -> float:
    return (kinds - 1) / 2 * (1 / n + 1 / m)


def test_the_distance_is_what_its_definition_says():
    p, q = [2.5 / 11.5, 3.5 / 11.5, 5.5 / 11.5], [50.5 / 91.5, 30.5 / 91.5, 10.5 / 91.5]
    expected = sum(a * log(a / b) for a, b in zip(p, q, strict=True)) - (1 / 10 + 1 / 90)
    assert divergence(np.array([2, 3, 5]), np.array([50, 30, 10])) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kinds", [2, 3, 10, 30])
def test_the_distance_is_scipys_of_smoothed_shares_less_what_chance_adds(kinds):
    rng = np.random.default_rng(kinds)
    candidate, baseline = rng.integers(0, 50, (2, 200, kinds)).astype(float)
    entropy = stats.entropy(candidate + 0.5, baseline + 0.5, axis=-1)
    expected = entropy - chance(candidate.sum(axis=-1), baseline.sum(axis=-1), kinds)
    assert divergence(candidate, baseline) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("n", "shares"), SHARES.values(), ids=SHARES)
def test_without_drift_the_mean_is_near_0_where_the_plain_estimate_is_not(n, shares):
    rng = np.random.default_rng(8)
    corrected = divergence(rng.multinomial(n, shares, RUNS), rng.multinomial(9 * n, shares, RUNS)).mean()
    plain = corrected + chance(n, 9 * n, len(shares))
    assert abs(corrected) < 0.15 * plain


def test_many_answers_come_to_the_true_distance():
    p, q = np.array([0.2, 0.3, 0.5]), np.array([0.5, 0.3, 0.2])
    assert divergence(p * 1e7, q * 1e7) == pytest.approx(np.sum(p * np.log(p / q)), rel=1e-5)
    assert divergence(p * 1e7, q * 1e7) == pytest.approx(0.275, abs=0.001)


def test_histograms_broadcast():
    candidate, baseline = np.arange(30.0).reshape(2, 1, 15), np.arange(60.0).reshape(4, 15)
    assert divergence(candidate, baseline).shape == (2, 4)
    assert divergence(candidate, baseline)[1, 2] == divergence(candidate[1, 0], baseline[2])


@pytest.mark.parametrize("counts", [[0, 0, 0], [0, 0, 900]], ids=["no answers", "one kind only"])
def test_empty_counts_are_no_trouble(counts):
    assert np.isfinite(divergence(np.zeros(3), np.array(counts)))
    assert np.isfinite(divergence(np.array(counts), np.zeros(3)))
