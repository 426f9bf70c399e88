"""The binomial distribution without scipy, and the exact upper bound of a rate."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from scipy import stats

from serinus.evidence import binomial_cdf, upper_bound

CASES = 600
LEAST = 1e-250  # below about that scipy is wrong itself: see the test of extreme tails


def exactly(events: int, of: int, rate: float) -> float:
    """The sum of its terms, in fractions."""
    p = Fraction(rate)
    return float(sum(comb(of, k) * p**k * (1 - p) ** (of - k) for k in range(events + 1)))


def assert_like_scipy(events: np.ndarray, of: np.ndarray, rate: np.ndarray) -> None:
    came, expected = binomial_cdf(events, of, rate), stats.binom.cdf(events, of, rate)
    far = expected < LEAST
    assert came[far].max(initial=0) < 10 * LEAST
    assert came[~far] == pytest.approx(expected[~far], rel=2e-8)


@pytest.mark.parametrize("most", [10, 100, 1000, 10_000, 100_000, 1_000_000])
def test_any_count_is_as_likely_as_scipy_says(most):
    rng = np.random.default_rng(most)
    of = rng.integers(0, most + 1, CASES)
    assert_like_scipy(rng.integers(0, of + 1), of, rng.random(CASES))


@pytest.mark.parametrize("most", [10, 100, 1000, 10_000, 100_000, 1_000_000])
def test_counts_around_the_expected_one_are_as_likely_as_scipy_says(most):
    rng = np.random.default_rng(most + 1)
    of, rate = rng.integers(1, most + 1, CASES), 10 ** rng.uniform(-7, 0, CASES)
    spread = np.sqrt(of * rate * (1 - rate))
    events = np.clip(np.round(of * rate + 5 * spread * rng.normal(size=CASES)), 0, of)
    assert_like_scipy(events, of, rate)


@pytest.mark.parametrize(
    ("events", "of", "rate"),
    [
        pytest.param(24, 531, 0.7664885181885903, id="1e-282"),
        pytest.param(0, 500, 0.5, id="1e-151"),
        pytest.param(3, 400, 0.9, id="1e-389"),
        pytest.param(20, 300, 0.4, id="1e-36"),
        pytest.param(299, 300, 0.999, id="nearly all"),
        pytest.param(1, 200, 1e-12, id="hardly ever"),
        pytest.param(9, 10, 1 - 1e-12, id="hardly ever not"),
    ],
)
def test_extreme_tails_are_exact(events, of, rate):
    assert binomial_cdf(events, of, rate) == pytest.approx(exactly(events, of, rate), rel=1e-10)


@pytest.mark.parametrize(
    ("events", "of", "rate", "expected"),
    [
        pytest.param(0, 0, 0.5, 1, id="nothing tried"),
        pytest.param(0, 0, 1, 1, id="nothing tried of what is certain"),
        pytest.param(7, 7, 0.5, 1, id="all"),
        pytest.param(7, 7, 1, 1, id="all of what is certain"),
        pytest.param(6, 7, 1, 0, id="not all of what is certain"),
        pytest.param(0, 7, 1, 0, id="none of what is certain"),
        pytest.param(0, 7, 0, 1, id="none of what never is"),
        pytest.param(3, 7, 0, 1, id="some of what never is"),
        pytest.param(9, 7, 0.5, 1, id="more than all"),
        pytest.param(0, 7, 0.5, 0.5**7, id="none"),
        pytest.param(6, 7, 0.5, 1 - 0.5**7, id="all but one"),
        pytest.param(0, 1_000_000, 0, 1, id="none of many"),
        pytest.param(999_999, 1_000_000, 1, 0, id="all but one of many"),
    ],
)
def test_the_ends_are_known(events, of, rate, expected):
    assert binomial_cdf(events, of, rate) == pytest.approx(expected, rel=1e-12, abs=0)


def test_counts_trials_and_rates_broadcast():
    events, of, rate = np.arange(4), np.array([[5], [50]]), np.array([0, 0.1, 1]).reshape(3, 1, 1)
    came = binomial_cdf(events, of, rate)
    assert came.shape == (3, 2, 4)
    assert came == pytest.approx(stats.binom.cdf(events, of, rate), rel=1e-12)


@pytest.mark.parametrize(("events", "of"), [(0, 59), (1, 93), (2, 124), (3, 153)], ids=str)
def test_so_many_trials_bound_a_rate_below_5_percent_and_one_less_does_not(events, of):
    assert upper_bound(events, of) < 0.05 < upper_bound(events, of - 1)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("of", [1, 2, 10, 120, 1000])
def test_the_upper_bound_is_that_of_clopper_and_pearson(of, confidence):
    events = sorted({0, of // 10, of - 1})
    expected = [stats.beta.ppf(confidence, count + 1, of - count) for count in events]
    assert [upper_bound(count, of, confidence) for count in events] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("events", "of"), [(0, 0), (1, 1), (40, 40)], ids=["nothing tried", "one", "all"])
def test_a_rate_that_nothing_speaks_against_is_bounded_by_1(events, of):
    assert upper_bound(events, of) == 1
