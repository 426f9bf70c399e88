"""Counts add up, and a release alone gets what it gets among a thousand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serinus.evidence import (
    SPREAD,
    Growing,
    binomial_cdf,
    coin,
    divergence,
    labels_coin,
    labels_log_e,
    log_mean,
    trials,
)

RUNS = 60
COUNTS, WEIGHTS = st.integers(0, 40), st.floats(0.005, 0.995)
PRIORS = st.floats(0, 1)
LOG_RATIOS = st.lists(st.floats(-80, 80), min_size=3, max_size=3).map(np.array)
by_chance = settings(derandomize=True, deadline=None)


@by_chance
@given(COUNTS, COUNTS, WEIGHTS, st.floats(0.2, 5), st.randoms(use_true_random=False))
def test_events_count_alike_one_by_one_and_all_at_once(candidate, baseline, weight, null, chance):
    sides = np.array(chance.sample([1.0] * candidate + [0.0] * baseline, candidate + baseline))
    ratios = [null * times for times in SPREAD]
    singly = coin(sides, 1 - sides, weight, ratios, null).sum(axis=0)
    assert singly == pytest.approx(coin(candidate, baseline, weight, ratios, null), abs=1e-9)


@by_chance
@given(COUNTS, COUNTS, st.floats(0.001, 0.02))
def test_trials_count_alike_one_by_one_and_all_at_once(events, others, null):
    came = np.array([1.0] * events + [0.0] * others)
    alternatives = [null * times for times in SPREAD]
    singly = trials(came, np.ones_like(came), null, alternatives).sum(axis=0)
    assert singly == pytest.approx(trials(events, events + others, null, alternatives), abs=1e-9)


@by_chance
@given(PRIORS, LOG_RATIOS, PRIORS, LOG_RATIOS, LOG_RATIOS)
def test_what_is_seen_adds_up(early, before, late, some, more):
    growing = Growing.fresh(3).begun(early).seen(before).begun(late)
    assert growing.seen(some).seen(more).log_e == pytest.approx(growing.seen(some + more).log_e, rel=1e-12, abs=1e-9)


@by_chance
@given(LOG_RATIOS, PRIORS, PRIORS)
def test_two_beginnings_at_once_are_one(before, prior, another):
    growing = Growing.fresh(3).seen(before)
    apart, together = growing.begun(prior).begun(another), growing.begun(prior + another)
    assert apart.waiting == pytest.approx(together.waiting, abs=1e-12)
    assert np.exp(apart.late) == pytest.approx(np.exp(together.late), abs=1e-12)


def counts(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 300, (RUNS, *shape)).astype(float)


def grown(log_ratios: np.ndarray, prior: np.ndarray) -> np.ndarray:
    return Growing.fresh(*log_ratios.shape).seen(log_ratios).begun(prior).seen(log_ratios / 7).log_e


WEIGHT = np.random.default_rng(7).uniform(0.01, 0.99, RUNS)
BATCHES = {
    "coin": (lambda c, b, w: coin(c, b, w, SPREAD), (counts(1), counts(2), WEIGHT)),
    "trials": (lambda x, n, p: trials(x, x + n, p / 40, np.multiply(SPREAD, 1 / 40)), (counts(3), counts(4), WEIGHT)),
    "labels": (lambda c, b, w: labels_log_e(labels_coin(c, b, w)), (counts(5, 11), counts(6, 11), WEIGHT)),
    "mean": (log_mean, (counts(7, 12),)),
    "growing": (grown, (counts(8, 6) / 30, WEIGHT)),
    "binomial": (lambda x, n, p: binomial_cdf(x, x + n, p), (counts(9), counts(10), WEIGHT)),
    "divergence": (divergence, (counts(11, 10), counts(12, 10))),
}


@pytest.mark.parametrize(("compute", "given_runs"), BATCHES.values(), ids=BATCHES)
def test_a_run_alone_gets_bit_for_bit_what_it_gets_among_others(compute, given_runs):
    together = compute(*given_runs)
    alone = [compute(*(given_run[run] for given_run in given_runs)) for run in range(RUNS)]
    assert together.tolist() == np.array(alone).tolist()


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        ([-np.inf, -np.inf], -np.inf),
        ([-np.inf, 0.0], -np.log(2)),
        ([5000.0, 5000.0, 5000.0], 5000.0),
        ([5000.0, -5000.0], 5000.0 - np.log(2)),
        ([-5000.0, -5000.0], -5000.0),
        ([1e300, -1e300, -np.inf, 0.0], 1e300),
        ([np.log(1.0), np.log(3.0)], np.log(2)),
    ],
    ids=["nothing", "nothing and something", "huge", "huge and tiny", "tiny", "beyond all bounds", "plain"],
)
def test_a_mean_of_logarithms_neither_warns_nor_overflows(logs, expected):
    assert log_mean(np.array(logs)) == pytest.approx(expected, rel=1e-15, abs=1e-15)


def test_means_of_logarithms_do_not_mix():
    logs = np.array([[-np.inf, -np.inf], [800.0, 800.0], [-900.0, -900.0]])
    assert log_mean(logs).tolist() == [-np.inf, 800, -900]
