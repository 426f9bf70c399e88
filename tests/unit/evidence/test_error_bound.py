"""How often what is innocent is found guilty, when it is looked at after every event."""

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest
from scipy import stats

from serinus.evidence import EITHER_WAY, SPREAD, Growing, coin, labels_coin, labels_log_e, log_mean, trials

RUNS, EVENTS = 3000, 400
TOLERATED = 1.5
RATIOS = tuple(TOLERATED * times for times in SPREAD)
STEPS = (0.1, 0.25, 0.5, 0.9)
alphas = pytest.mark.parametrize("alpha", [0.05, 0.01])


def fallen(rng: np.random.Generator, weight: np.ndarray | float, ratio: float = TOLERATED) -> np.ndarray:
    """One event a run: 1 where it fell on the candidate."""
    return (rng.random(RUNS) < weight * ratio / (weight * ratio + 1 - weight)).astype(float)


def planned(event: int) -> float:
    return STEPS[event * len(STEPS) // EVENTS]


def steps(rng: np.random.Generator) -> Iterator[np.ndarray]:
    log_ratios = np.zeros((RUNS, len(RATIOS)))
    for event in range(EVENTS):
        side = fallen(rng, planned(event))
        log_ratios += coin(side, 1 - side, planned(event), RATIOS, TOLERATED)
        yield log_mean(log_ratios)


def weight_after_evidence(rng: np.random.Generator) -> Iterator[np.ndarray]:
    log_ratios = np.zeros((RUNS, len(RATIOS)))
    for _ in range(EVENTS):
        weight = np.select([log_mean(log_ratios) < -1, log_mean(log_ratios) < 1], [0.9, 0.1], 0.4)
        side = fallen(rng, weight)
        log_ratios += coin(side, 1 - side, weight, RATIOS, TOLERATED)
        yield log_mean(log_ratios)


def share_of_the_traffic(rng: np.random.Generator) -> Iterator[np.ndarray]:
    log_ratios = np.zeros((RUNS, len(EITHER_WAY)))
    for event in range(EVENTS):
        side = fallen(rng, planned(event), ratio=1)
        log_ratios += coin(side, 1 - side, planned(event), EITHER_WAY)
        yield log_mean(log_ratios)


def late_beginnings(rng: np.random.Generator) -> Iterator[np.ndarray]:
    growing = Growing.fresh(RUNS, len(RATIOS))
    for event in range(EVENTS):
        side = fallen(rng, planned(event))
        growing = growing.begun(0.02 if event % 10 == 0 else 0.0)
        growing = growing.seen(coin(side, 1 - side, planned(event), RATIOS, TOLERATED))
        yield growing.log_e


def errors(rng: np.random.Generator) -> Iterator[np.ndarray]:
    log_ratios = np.zeros((RUNS, 1))
    for _ in range(EVENTS):
        log_ratios += trials((rng.random(RUNS) < 0.01).astype(float), 1, 0.01, [0.05])
        yield log_mean(log_ratios)


def disagreements(rng: np.random.Generator) -> Iterator[np.ndarray]:
    log_ratios = np.zeros((RUNS, len(SPREAD)))
    for _ in range(EVENTS):
        log_ratios += trials((rng.random(RUNS) < 0.02).astype(float), 1, 0.02, np.multiply(SPREAD, 0.02))
        yield log_mean(log_ratios)


def labels(rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The shares of the labels drift on both sides alike."""
    log_ratios = np.zeros((RUNS, 3, 5))
    for event in range(EVENTS):
        shares = np.array([1 + event, EVENTS, 2 * EVENTS - event])
        answers = np.eye(3)[rng.choice(3, RUNS, p=shares / shares.sum())]
        side = fallen(rng, planned(event), ratio=1)[:, None]
        log_ratios += labels_coin(answers * side, answers * (1 - side), planned(event))
        yield labels_log_e(log_ratios)


def wrong_weight(rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Three times the traffic that the judge believes in."""
    log_ratios = np.zeros((RUNS, len(RATIOS)))
    for _ in range(EVENTS):
        side = fallen(rng, 0.3)
        log_ratios += coin(side, 1 - side, 0.1, RATIOS, TOLERATED)
        yield log_mean(log_ratios)


@cache
def highest(watch: Callable[[np.random.Generator], Iterator[np.ndarray]]) -> np.ndarray:
    """The most evidence that each run ever showed."""
    most = np.full(RUNS, -np.inf)
    for log_e in watch(np.random.default_rng(9)):
        most = np.maximum(most, log_e)
    return most


def margin(alpha: float) -> float:
    """Three standard errors of a share of `alpha`."""
    return 3 * float(np.sqrt(alpha * (1 - alpha) / RUNS))


@alphas
@pytest.mark.parametrize(
    "watch",
    [steps, weight_after_evidence, share_of_the_traffic, late_beginnings, errors, disagreements, labels],
    ids=lambda watch: watch.__name__,
)
def test_the_innocent_are_found_guilty_no_more_often_than_alpha(watch, alpha):
    assert np.mean(highest(watch) >= np.log(1 / alpha)) <= alpha + margin(alpha)


@alphas
def test_a_p_value_looked_at_as_often_finds_more_guilty_than_alpha(alpha):
    theta = TOLERATED * 0.1 / (TOLERATED * 0.1 + 0.9)
    counts = np.cumsum(np.random.default_rng(9).random((RUNS, EVENTS)) < theta, axis=1)
    events = np.arange(1, EVENTS + 1)
    as_many_or_more = stats.binom.sf(np.arange(EVENTS + 1)[:, None] - 1, events, theta)
    lowest = as_many_or_more[counts, events - 1].min(axis=1)
    assert np.mean(lowest <= alpha) > 2 * (alpha + margin(alpha))


@alphas
def test_a_weight_that_is_not_the_true_one_voids_the_bound(alpha):
    assert np.mean(highest(wrong_weight) >= np.log(1 / alpha)) > 2 * (alpha + margin(alpha))
