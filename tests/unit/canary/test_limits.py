"""The error budget is shared out to triggers, steps and tests, and used up exactly."""

import numpy as np
import pytest

from serinus.canary.limits import TRIGGERS, limits
from serinus.policy import Drift, Policy, Step, Watch

PLANS = {steps: tuple(Step(weight=0.1 * n, bake_min=10 * n) for n in range(1, steps + 1)) for steps in range(1, 7)}


def policy(steps: int = 3, **entries: object) -> Policy:
    return Policy(steps=PLANS[steps], **entries)


@pytest.mark.parametrize("disagreement", [None, 0.02], ids=["answers", "answers and pairs"])
@pytest.mark.parametrize("alpha", [0.004, 0.05], ids=str)
@pytest.mark.parametrize("steps", PLANS, ids=str)
def test_all_tests_of_all_steps_use_up_the_budget_and_no_more(
    steps: int, alpha: float, disagreement: float | None
) -> None:
    needed = limits(policy(steps, alpha=alpha, drift=Drift(disagreement=disagreement)))
    of_tests = [needed.alone, needed.relative, needed.slow, needed.slow, needed.labels]
    of_tests += [] if disagreement is None else [needed.pairs]
    spent = sum(np.exp(-test[:-1]).sum() for test in of_tests)
    assert spent + alpha * TRIGGERS["health"] == pytest.approx(alpha, rel=1e-12)


def test_three_steps_need_what_is_worked_out_by_hand() -> None:
    needed = limits(policy())
    shares = 0.004 * np.array([4, 2, 1]) / 7
    assert np.exp(needed.alone[:-1]) == pytest.approx(1 / (0.5 * 0.7 * shares))
    assert np.exp(needed.relative[:-1]) == pytest.approx(1 / (0.5 * 0.3 * shares))
    assert np.exp(needed.slow[:-1]) == pytest.approx(1 / (0.25 / 2 * shares))
    assert np.exp(needed.labels[:-1]) == pytest.approx(1 / (0.15 * shares))


def test_each_step_has_its_weight_and_minutes_and_the_watch_has_all_traffic() -> None:
    needed = limits(policy(2, deadline=2.55, watch=Watch(hours=2)))
    assert needed.weight.tolist() == [0.1, 0.2, 1.0]
    assert needed.bake_s.tolist() == [600, 1200, 7200]
    assert needed.minutes.tolist() == [26, 51, 120]


def test_the_watch_has_a_budget_of_its_own() -> None:
    assert np.exp(limits(policy()).alone[-1]) == pytest.approx(1 / (0.004 * 0.5 * 0.7))


def test_no_watch_still_shares_out_a_prior() -> None:
    assert limits(policy(watch=Watch(hours=0))).minutes[-1] == 1
