"""How soon harm is found: as soon as the research says it is."""

import numpy as np
import pytest

from serinus.evidence import SPREAD, Growing, coin, labels_coin, labels_log_e, log_mean, trials

RUNS = 500
ENOUGH = np.log(1000)


def came(rate: float, most: int) -> np.ndarray:
    """How often it came in the first trial, the first two, ... of each run, [RUNS, most]."""
    return np.cumsum(np.random.default_rng(10).random((RUNS, most)) < rate, axis=1)


def first(log_e: np.ndarray, enough: float = ENOUGH) -> np.ndarray:
    """The look [RUNS] at which there was enough evidence, counted from 0."""
    assert np.all(log_e.max(axis=1) >= enough)
    return np.argmax(log_e >= enough, axis=1)


@pytest.mark.parametrize(
    ("rate", "requests"),
    [
        pytest.param(0.05, 160, id="5 %"),
        pytest.param(0.1, 55, id="10 %"),
        pytest.param(0.2, 24, id="20 %"),
        pytest.param(0.5, 9, id="50 %"),
        pytest.param(1.0, 5, id="100 %"),
    ],
)
def test_walds_test_needs_the_requests_of_its_closed_form(rate, requests):
    most = int(100 / rate)
    log_e = trials(came(rate, most), np.arange(1, most + 1), 0.01, [0.05])[..., 0]
    needed = first(log_e, np.log(950)) + 1
    gained = rate * np.log(5) + (1 - rate) * np.log(0.95 / 0.99)
    assert np.median(needed) == pytest.approx(requests, rel=0.15)
    assert 0.9 * np.log(950) < gained * np.mean(needed) < 1.1 * (np.log(950) + np.log(5))


@pytest.mark.parametrize(
    ("rate", "pairs"),
    [
        pytest.param(0.05, 514, id="5 %"),
        pytest.param(0.1, 88, id="10 %"),
        pytest.param(0.2, 26, id="20 %"),
        pytest.param(0.5, 5, id="50 %"),
    ],
)
def test_a_model_that_disagrees_too_often_is_found_in_so_many_pairs(rate, pairs):
    most = int(100 / rate)
    log_e = log_mean(trials(came(rate, most), np.arange(1, most + 1), 0.02, np.multiply(SPREAD, 0.02)))
    assert np.median(first(log_e) + 1) == pytest.approx(pairs, rel=0.15, abs=2)


@pytest.mark.parametrize(
    ("rate", "hurt"),
    [
        pytest.param(0.05, 7, id="5 %"),
        pytest.param(0.1, 6, id="10 %"),
        pytest.param(0.2, 5, id="20 %"),
        pytest.param(1.0, 5, id="100 %"),
    ],
)
def test_more_errors_than_the_baselines_half_a_percent_hurt_a_handful(rate, hurt):
    ratio, events = rate / 0.005, np.arange(1, 201)
    candidate = came(0.1 * ratio / (0.1 * ratio + 0.9), 200)
    look = first(log_mean(coin(candidate, events - candidate, 0.1, SPREAD)))
    assert np.median(candidate[np.arange(RUNS), look]) == pytest.approx(hurt, abs=1)


@pytest.mark.parametrize(
    ("shares", "answers"),
    [pytest.param([0.2, 0.3, 0.5], 40, id="two labels swapped"), pytest.param([0.3, 0.3, 0.4], 90, id="shifted")],
)
def test_answers_that_drift_are_found_in_so_many_of_the_candidates(shares, answers):
    rng, looks = np.random.default_rng(11), np.arange(1, 101)
    candidate = np.cumsum(rng.multinomial(4, shares, (RUNS, len(looks))), axis=1)
    baseline = np.cumsum(rng.multinomial(36, [0.5, 0.3, 0.2], (RUNS, len(looks))), axis=1)
    needed = 4 * (first(labels_log_e(labels_coin(candidate, baseline, 0.1))) + 1)
    assert np.median(needed) == pytest.approx(answers, rel=0.2)


def test_late_harm_is_found_several_times_sooner_by_what_does_not_know_its_beginning():
    rng = np.random.default_rng(12)
    growing, minutes = Growing.fresh(RUNS, 1), 30
    for _ in range(20):
        growing = growing.begun(1 / minutes).seen(trials(rng.binomial(100, 0.005, RUNS), 100.0, 0.01, [0.05]))
    after = growing.begun(1 / minutes)
    harmed = np.cumsum(rng.random((RUNS, 800)) < 0.2, axis=1)
    harm = trials(harmed, np.arange(1, 801), 0.01, [0.05])
    log_e = np.stack([after.seen(harm[:, request]).log_e for request in range(800)], axis=1)
    whole = log_mean(growing.whole[:, None] + harm)
    assert 4 * np.median(first(log_e)) < np.median(first(whole))
    assert np.median(first(log_e)) == pytest.approx((ENOUGH + np.log(2 * minutes)) / 0.289, rel=0.2)
