"""Harm that begins when nobody knows it."""

from fractions import Fraction

import numpy as np
import pytest

from serinus.evidence import SPREAD, Growing, coin, log_mean
from tests.unit.evidence import by_hand

WEIGHTS = [0.1, 0.1, 0.1, 0.1, 0.5, 0.5, 0.5, 0.9]
PRIORS = {
    "none": [0.0] * 8,
    "one at once": [0.5] + [0.0] * 7,
    "a few": [0.0, 0.25, 0.0, 0.0, 0.5, 0.0, 0.125, 0.0],
    "one an event": [0.125] * 8,
    "the last one late": [0.0] * 7 + [1.0],
}
priors = pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)


def watched(sides: np.ndarray, prior: list[float]) -> Growing:
    """After all the events [..., 8], with beginnings between them."""
    growing = Growing.fresh(*sides.shape[:-1], len(SPREAD))
    for place, (weight, begins) in enumerate(zip(WEIGHTS, prior, strict=True)):
        side = sides[..., place].astype(float)
        growing = growing.begun(begins).seen(coin(side, 1 - side, weight, SPREAD))
    return growing


@priors
@pytest.mark.parametrize("sides", [[0] * 8, [1] * 8, [0, 0, 0, 0, 1, 1, 1, 1], [1, 1, 0, 0, 0, 1, 0, 0]], ids=str)
def test_the_evidence_is_the_sum_over_all_beginnings(prior, sides):
    ratios = [
        [by_hand.coin([side], [weight], ratio) for ratio in SPREAD] for side, weight in zip(sides, WEIGHTS, strict=True)
    ]
    expected = by_hand.growing(list(zip(map(Fraction, prior), ratios, strict=True)))
    assert watched(np.array(sides), prior).log_e == pytest.approx(by_hand.log_of(expected), abs=1e-12)


@priors
def test_no_harm_is_a_fair_game_wherever_it_could_have_begun(prior):
    sides = by_hand.outcomes(2, 8)
    chances = np.prod(np.where(sides == 1, WEIGHTS, 1 - np.array(WEIGHTS)), axis=-1)
    assert chances @ np.exp(watched(sides, prior).log_e) == pytest.approx(1, abs=1e-12)


def test_nothing_seen_is_no_evidence():
    assert Growing.fresh(3, 6).begun(0.25).log_e == pytest.approx(np.zeros(3), abs=1e-15)


def test_a_beginning_gets_no_more_than_is_left_of_the_prior():
    growing = Growing.fresh(6).begun(0.75).begun(0.75)
    assert growing.waiting == 0
    assert log_mean(growing.late) == pytest.approx(0, abs=1e-15)
    assert growing.begun(0.5).late.tolist() == growing.late.tolist()


def test_the_releases_of_a_batch_may_begin_at_different_times():
    apart = Growing.fresh(2, 1).begun(np.array([0.5, 0.0])).seen(np.ones((2, 1))).begun(np.array([0.0, 0.25]))
    assert apart.waiting.tolist() == [0.5, 0.75]
    assert apart.late == pytest.approx(np.log([[0.5 * np.e], [0.25]]))


def test_late_harm_counts_from_its_beginning_and_not_from_the_start():
    good, harm = coin(0, 500, 0.1, SPREAD), coin(10, 0, 0.1, SPREAD)
    growing = Growing.fresh(len(SPREAD)).begun(0.01).seen(good).begun(0.01).seen(harm)
    assert log_mean(good + harm) < 0
    assert growing.log_e == pytest.approx(log_mean(harm) + np.log(0.01 / 2), abs=0.01)


def test_harm_from_the_start_costs_at_most_half_the_evidence():
    harm = coin(20, 0, 0.1, SPREAD)
    assert Growing.fresh(len(SPREAD)).seen(harm).log_e == pytest.approx(log_mean(harm) - np.log(2), abs=1e-9)
