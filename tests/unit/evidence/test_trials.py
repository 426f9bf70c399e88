"""Events in independent trials, against the rate that is tolerated: errors in requests, disagreements in pairs."""

import numpy as np
import pytest
from scipy import stats

from serinus.evidence import log_mean, trials
from tests.unit.evidence import by_hand

TOLERATED = 0.02
GRID = tuple(TOLERATED * times for times in (1.5, 2.0, 4.0, 8.0, 16.0, 32.0))
AGAINST = {"one alternative": (0.01, (0.05,)), "a grid": (TOLERATED, GRID), "a high rate": (0.4, (0.5, 0.6, 0.9))}
against = pytest.mark.parametrize(("null", "alternatives"), AGAINST.values(), ids=AGAINST)


@pytest.mark.parametrize("most", [10, 1000, 1_000_000])
def test_the_evidence_is_the_ratio_of_two_binomial_likelihoods(most):
    rng = np.random.default_rng(3)
    of, null, alternatives = rng.integers(0, most, 500), rng.uniform(1e-4, 0.9, 500), rng.uniform(1e-4, 0.9, (500, 3))
    events = rng.integers(0, of + 1)
    likelihood = stats.binom.logpmf(events[:, None], of[:, None], alternatives)
    expected = likelihood - stats.binom.logpmf(events, of, null)[:, None]
    assert trials(events, of, null, alternatives) == pytest.approx(expected, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.3, 1.0])
def test_paired_disagreements_weigh_what_they_do_one_by_one(rate):
    came = (np.random.default_rng(4).random(80) < rate).astype(int)
    expected = [by_hand.trials(came, alternative, TOLERATED) for alternative in GRID]
    log_ratios = trials(came, np.ones(80), TOLERATED, GRID).sum(axis=0)
    assert log_ratios == pytest.approx([by_hand.log_of(fraction) for fraction in expected], abs=1e-11)
    assert log_mean(log_ratios) == pytest.approx(by_hand.log_of(by_hand.mean(expected)), abs=1e-11)


def test_an_error_and_an_answer_weigh_what_wald_gives_them():
    assert trials(1, 1, 0.01, [0.05]) == pytest.approx([1.6094], abs=1e-4)
    assert trials(0, 1, 0.01, [0.05]) == pytest.approx([-0.0412], abs=1e-4)


def test_one_alternative_walks_as_walds_sequential_test_does():
    came = np.random.default_rng(5).random(3000) < 0.05
    walk = np.cumsum(np.where(came, np.log(0.05 / 0.01), np.log(0.95 / 0.99)))
    counted = trials(np.cumsum(came), np.arange(1, 3001), 0.01, [0.05])[:, 0]
    assert counted == pytest.approx(walk, abs=1e-9)
    assert np.argmax(counted >= np.log(1000)) == np.argmax(walk >= np.log(1000)) > 0


@against
def test_the_tolerated_rate_is_a_fair_game(null, alternatives):
    counts, stretches = by_hand.outcomes(5, 3), np.array([4, 2, 3])
    chances = np.prod(stats.binom.pmf(counts, stretches, null), axis=-1)  # 0 for more events than trials
    events = np.minimum(counts, stretches)
    e = np.exp(log_mean(trials(events, stretches, null, np.asarray(alternatives)).sum(axis=-2)))
    assert chances @ e == pytest.approx(1, abs=1e-12)


@against
@pytest.mark.parametrize("below", [0.0, 0.5, 0.99], ids=["none", "half", "nearly"])
def test_a_rate_below_the_tolerated_one_is_a_losing_game(null, alternatives, below):
    events = np.arange(13)
    chances = stats.binom.pmf(events, 12, null * below)
    assert chances @ np.exp(log_mean(trials(events, 12, null, np.asarray(alternatives)))) < 1
