"""Shares follow rewards among arms that passed, and no others."""

import numpy as np
import pytest

from serinus.arms.tallies import Tally
from serinus.bandit import thompson
from serinus.errors import ExperimentError
from serinus.experiment import Split

REWARDS = {"control": Tally(900, 1000), "good": Tally(950, 1000), "bad": Tally(500, 1000)}


def shares(rewards=REWARDS, passed=tuple(REWARDS), floor=0.05, seed=1):
    return thompson(rewards, passed, floor=floor, generator=np.random.default_rng(seed))


def test_the_best_arm_gets_what_the_floors_leave():
    assert shares() == pytest.approx({"control": 0.05, "good": 0.9, "bad": 0.05}, abs=0.001)


def test_an_arm_that_did_not_pass_gets_nothing_however_good_it_is():
    assert shares(passed=["control", "bad"])["good"] == 0


def test_no_arm_that_passed_falls_below_the_floor():
    assert min(shares(floor=0.2).values()) == pytest.approx(0.2)


def test_arms_of_which_nothing_is_known_share_alike():
    assert shares(dict.fromkeys(REWARDS, Tally()), floor=0) == pytest.approx(dict.fromkeys(REWARDS, 1 / 3), abs=0.03)


def test_the_chance_to_be_best_is_that_of_the_two_betas():
    rewards = {"one": Tally(1, 1), "other": Tally(0, 0)}  # P(Beta(2, 1) > uniform) = 2/3
    assert shares(rewards, passed=["one", "other"], floor=0)["one"] == pytest.approx(2 / 3, abs=0.02)


def test_an_arm_alone_gets_everybody():
    assert shares(passed=["control"]) == {"control": 1.0, "good": 0.0, "bad": 0.0}


def test_the_same_seed_gives_the_same_shares():
    close = {"control": Tally(90, 100), "good": Tally(91, 100)}
    assert shares(close, passed=list(close)) == shares(close, passed=list(close))
    assert shares(close, passed=list(close)) != shares(close, passed=list(close), seed=2)


@pytest.mark.parametrize("seed", range(5))
def test_a_split_takes_the_shares(seed):
    close = {"control": Tally(90, 100), "good": Tally(91, 100), "bad": Tally(85, 100)}
    wanted = shares(close, seed=seed)
    assert Split("bandit", tuple(close), salt="2026-11").shifted(wanted).shares == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"passed": ["better"]}, "arms 'better' passed: expected some of 'control', 'good'", id="unknown"),
        pytest.param({"passed": []}, "no arm passed: expected at least one", id="none passed"),
        pytest.param({"floor": 0.5}, r"a floor of 0\.5 for 3 arms: expected 0 to 0\.33", id="floor too high"),
        pytest.param({"floor": -0.1}, r"a floor of -0\.1 for 3 arms", id="floor negative"),
    ],
)
def test_impossible_wishes_are_refused(options, said):
    with pytest.raises(ExperimentError, match=said):
        shares(**options)
