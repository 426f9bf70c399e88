"""Events that fell on the candidate or on the baseline, against the coin that its weight is."""

import numpy as np
import pytest

from serinus.evidence import EITHER_WAY, SPREAD, coin, log_mean
from tests.unit.evidence import by_hand

PLANS = {
    "one weight": [0.1] * 60,
    "three steps": [0.1] * 20 + [0.5] * 20 + [0.9] * 20,
    "another weight each time": list(np.linspace(0.01, 0.99, 60)),
}
AGAINST = {
    "more of what is bad": (SPREAD, 1.0),
    "more than half as many again": (tuple(1.5 * spread for spread in SPREAD), 1.5),
    "more than three times": (tuple(3 * spread for spread in SPREAD), 3.0),
    "another share of the traffic": (EITHER_WAY, 1.0),
}
FEW = [0.1, 0.1, 0.1, 0.5, 0.5, 0.9, 0.9, 0.25]
plans = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
against = pytest.mark.parametrize(("ratios", "null"), AGAINST.values(), ids=AGAINST)


def one_by_one(sides, weights, ratios, null) -> np.ndarray:
    """Log likelihood ratios of single events, [..., events, J]."""
    return coin(sides.astype(float), 1.0 - sides, np.asarray(weights), ratios, null)


def probabilities(sides, weights, ratio) -> np.ndarray:
    """Of each run of events, where the candidate's rate is `ratio` times the baseline's."""
    theta = np.array([float(by_hand.share(weight, ratio)) for weight in weights])
    return np.prod(np.where(sides == 1, theta, 1 - theta), axis=-1)


def expectation(log_ratios, sides, weights, ratio) -> float:
    return float(np.sum(probabilities(sides, weights, ratio) * np.exp(log_mean(log_ratios.sum(axis=-2)))))


@plans
@against
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95], ids=["few on it", "half on it", "most on it"])
def test_the_evidence_is_the_product_over_the_events(plan, ratios, null, share):
    sides = (np.random.default_rng(1).random(len(plan)) < share).astype(int)
    expected = [by_hand.coin(sides, plan, ratio, null) for ratio in ratios]
    came = one_by_one(sides, plan, ratios, null).sum(axis=0)
    assert came == pytest.approx([by_hand.log_of(fraction) for fraction in expected], abs=1e-11)
    assert log_mean(came) == pytest.approx(by_hand.log_of(by_hand.mean(expected)), abs=1e-11)


@against
def test_counts_stand_for_their_events_in_any_order(ratios, null):
    sides = np.random.default_rng(2).permutation([1] * 7 + [0] * 33)
    expected = [by_hand.log_of(by_hand.coin(sides, [0.2] * 40, ratio, null)) for ratio in ratios]
    assert coin(7, 33, 0.2, ratios, null) == pytest.approx(expected, abs=1e-11)


@against
def test_what_is_just_tolerated_is_a_fair_game(ratios, null):
    sides = by_hand.outcomes(2, len(FEW))
    assert expectation(one_by_one(sides, FEW, ratios, null), sides, FEW, null) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("below", [0.0, 0.3, 0.9, 0.999], ids=["none", "a third", "nearly", "very nearly"])
def test_less_than_is_tolerated_is_a_losing_game(below):
    sides = by_hand.outcomes(2, len(FEW))
    log_ratios = one_by_one(sides, FEW, [1.5 * spread for spread in SPREAD], 1.5)
    assert expectation(log_ratios, sides, FEW, 1.5 * below) < 1


@against
def test_a_weight_that_follows_the_evidence_keeps_the_game_fair(ratios, null):
    sides = by_hand.outcomes(2, 8)
    log_ratios, chances = np.zeros((len(sides), len(ratios))), np.ones(len(sides))
    for side in sides.T:
        weight = np.where(log_mean(log_ratios) > 0, 0.5, 0.1)
        theta = weight * null / (weight * null + 1 - weight)
        chances = chances * np.where(side == 1, theta, 1 - theta)
        log_ratios = log_ratios + coin(side.astype(float), 1.0 - side, weight, ratios, null)
    assert np.sum(chances * np.exp(log_mean(log_ratios))) == pytest.approx(1, abs=1e-12)


def test_a_share_of_the_traffic_that_is_wrong_speaks_either_way():
    too_few, right, too_many = log_mean(coin(np.array([20.0, 100.0, 300.0]), 900.0, 0.1, EITHER_WAY))
    assert right < 0 < np.log(1000) < min(too_few, too_many)


@against
@pytest.mark.parametrize(("events", "weight"), [((50, 0), 1.0), ((0, 50), 0.0)], ids=["candidate", "baseline"])
def test_the_side_that_has_all_the_traffic_gives_no_evidence(ratios, null, events, weight):
    assert coin(*events, weight, ratios, null) == pytest.approx(np.zeros(len(ratios)), abs=1e-12)


def test_what_befalls_both_sides_alike_says_nothing_against_the_candidate():
    assert log_mean(coin(1000, 9000, 0.1, SPREAD)) < 0


def test_each_release_may_have_a_weight_and_a_tolerance_of_its_own():
    candidate, weight, null = np.array([3.0, 9.0]), np.array([0.1, 0.5]), np.array([1.0, 1.5])
    both = coin(candidate, 10.0, weight, SPREAD, null)
    alone = [coin(*one, SPREAD, tolerated) for *one, tolerated in zip(candidate, [10, 10], weight, null, strict=True)]
    assert both.tolist() == np.array(alone).tolist()
