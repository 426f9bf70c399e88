"""How many answers a distance between histograms takes: against scipy, against published numbers, by simulation."""

import math

import numpy as np
import pytest
from scipy.stats import binom, chi2

from serinus.evidence import divergence
from serinus.samples import FALSE_ALARMS, exceeded, least_answers

DRAWS = 50_000
SHARES = {
    "three alike": [1 / 3] * 3,
    "three": [0.5, 0.3, 0.2],
    "a rare class": [0.9, 0.09, 0.01],
    "ten bins": [0.1] * 10,
    "twenty bins": [0.05] * 20,
}


@pytest.mark.parametrize("rate", [0.999, 0.5, 0.05, 1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 19, 29, 100, 999, 5000])
def test_what_chi_squared_exceeds_is_what_scipy_says(freedom, rate):
    assert exceeded(rate, freedom) == pytest.approx(chi2.isf(rate, freedom), rel=1e-9)


@pytest.mark.parametrize(("kinds", "least"), [(2, 21), (3, 26), (5, 35), (10, 52), (20, 82), (30, 108)])
def test_a_tenth_of_the_traffic_takes_as_many_answers_as_was_measured(kinds, least):
    assert least_answers(kinds, 0.3, 0.9) == least


@pytest.mark.parametrize(("kinds", "least"), [(2, 19), (3, 24), (5, 31), (10, 47), (20, 74), (30, 98)])
def test_a_known_reference_takes_fewer(kinds, least):
    assert least_answers(kinds, 0.3) == least


def test_fewer_false_alarms_and_a_lower_limit_take_more():
    assert least_answers(10, 0.3, rate=1e-6) > least_answers(10, 0.3)
    assert least_answers(10, 0.1) == pytest.approx(3 * least_answers(10, 0.3), abs=3)


@pytest.mark.parametrize(
    ("share", "rate"),
    [
        pytest.param(0.9, FALSE_ALARMS, id="a tenth to the candidate"),
        pytest.param(0.5, 2 * FALSE_ALARMS, id="half"),
        pytest.param(0.1, 3 * FALSE_ALARMS, id="most"),
    ],
)
@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
def test_there_are_no_more_false_alarms_than_told(shares, share, rate):
    random, n = np.random.default_rng(20), least_answers(len(shares), 0.3, share)
    m = math.ceil(n * share / (1 - share))
    candidates, baselines = (random.multinomial(size, shares, DRAWS).astype(np.float64) for size in (n, m))
    assert int(np.sum(divergence(candidates, baselines) > 0.3)) <= binom.isf(1e-6, DRAWS, rate)


def test_half_as_many_answers_give_too_many_false_alarms():
    random, n = np.random.default_rng(21), least_answers(10, 0.3, 0.9) // 2
    candidates, baselines = (random.multinomial(size, [0.1] * 10, DRAWS) for size in (n, 9 * n))
    shares, reference = (candidates + 0.5) / (n + 5), (baselines + 0.5) / (9 * n + 5)
    plug_in = np.sum(shares * np.log(shares / reference), axis=-1)
    assert np.mean(plug_in > 0.3) > 10 * FALSE_ALARMS


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"kinds": 1, "limit": 0.3}, "2 kinds of answers or more, got 1"),
        ({"kinds": 3, "limit": 0.0}, r"above 0 nats, got 0\.0"),
        ({"kinds": 3, "limit": math.nan}, "above 0 nats, got nan"),
        ({"kinds": 3, "limit": math.inf}, "above 0 nats, got inf"),
        ({"kinds": 3, "limit": 0.3, "baseline_share": 0.0}, r"above 0, at most 1, got 0\.0"),
        ({"kinds": 3, "limit": 0.3, "baseline_share": 1.1}, r"above 0, at most 1, got 1\.1"),
        ({"kinds": 3, "limit": 0.3, "rate": 0.0}, r"between 0 and 1, got 0\.0"),
        ({"kinds": 3, "limit": 0.3, "rate": 1.0}, r"between 0 and 1, got 1\.0"),
    ],
    ids=["one kind", "no limit", "nan", "infinite", "no baseline", "more than all", "never", "always"],
)
def test_what_cannot_be_asked_is_refused(asked, message):
    with pytest.raises(ValueError, match=message):
        least_answers(**asked)
