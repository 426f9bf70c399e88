"""Many simulated rollouts at once: the same for the same seed, each as if alone, and counted as they are said to be."""

from typing import Any

import numpy as np
import pytest

from serinus.canary.alerts import Alert
from serinus.policy import Policy, Step, Watch
from serinus.rollout import Verdict
from serinus.simulation.run import ABREAST, Outcomes, Part, Plan, Race, simulated, together
from serinus.simulation.scenario import Scenario, found

SHORT = Policy(steps=(Step(weight=0.1, bake_min=3), Step(weight=0.5, bake_min=3)))
ONE_STEP = Policy(steps=(Step(weight=0.5, bake_min=1),), deadline=2)
WATCHED_H = 0.25


def plan(scenario: Scenario, policy: Policy = SHORT, rate_per_min: float = 1000, runs: int = 20, **more: Any) -> Plan:
    return Plan(scenario, policy, rate_per_min, runs, **more)


def scenario(**told: Any) -> Scenario:
    return Scenario.model_validate({"name": "own", **told})


def same(ours: Outcomes, theirs: Outcomes) -> bool:
    pairs = zip(vars(ours).values(), vars(theirs).values(), strict=True)
    return all(np.array_equal(one, other, equal_nan=one.dtype == float) for one, other in pairs)


def joined(*parts: Outcomes) -> Outcomes:
    return Outcomes(*(np.concatenate(arrays) for arrays in zip(*(vars(part).values() for part in parts), strict=True)))


def verdicts(outcomes: Outcomes) -> set[Verdict]:
    return {Verdict(verdict) for verdict in outcomes.verdict}


def test_the_same_seed_gives_the_same_outcomes():
    assert same(simulated(plan(found("errors-20"))), simulated(plan(found("errors-20"))))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(plan(found("errors-20"), seed=2), id="seed"),
        pytest.param(plan(found("errors-20"), rate_per_min=1001), id="rate"),
        pytest.param(plan(found("errors-20").model_copy(update={"name": "errors-twenty"})), id="name"),
    ],
)
def test_another_seed_rate_or_name_gives_others(other):
    assert not same(simulated(plan(found("errors-20"))), simulated(other))


@pytest.mark.parametrize(
    "name", ["healthy-1", "errors-20", "slow-3", "drift-swap", "rollback-fails", "bursty", "metric-duplicate"]
)
def test_plans_played_together_come_out_as_each_alone(name):
    plans = [plan(found(name), rate_per_min=rate_per_min) for rate_per_min in (100, 300, 1000)]
    for side_by_side, alone in zip(together(plans), map(simulated, plans), strict=True):
        assert same(side_by_side, alone)


def test_plans_that_are_watched_come_out_as_each_alone():
    plans = [plan(found("errors-5"), ONE_STEP, rate_per_min, runs=5, watch_h=WATCHED_H) for rate_per_min in (100, 2000)]
    for side_by_side, alone in zip(together(plans), map(simulated, plans), strict=True):
        assert same(side_by_side, alone)


def test_more_runs_than_go_abreast_are_played_in_parts():
    many = plan(found("errors-100"), ONE_STEP, runs=ABREAST + 30)
    [first], [rest] = (Race([Part(many, *part)]).run() for part in ((0, ABREAST), (ABREAST, 30)))
    assert same(simulated(many), joined(first, rest))


def test_too_many_plans_for_one_race_come_out_as_each_alone():
    plans = [plan(found("errors-100"), ONE_STEP, rate_per_min, ABREAST - 1) for rate_per_min in (100, 1000)]
    for one, alone in zip(together(plans), map(simulated, plans), strict=True):
        assert same(one, alone)


def test_a_healthy_release_is_promoted_when_its_steps_have_baked():
    outcomes = simulated(plan(found("healthy-0.1"), rate_per_min=3000))
    assert verdicts(outcomes) == {Verdict.PROMOTE}
    assert set(outcomes.minutes) == {6}
    assert set(outcomes.step) == {1}


def test_runs_without_a_verdict_are_held_and_have_no_time():
    blind = scenario(metrics={"blind": (0, 1000)})
    outcomes = simulated(plan(blind, ONE_STEP))
    assert verdicts(outcomes) == {Verdict.HOLD}
    assert np.isnan(outcomes.minutes).all()
    assert np.isnan(outcomes.bad).all()


def test_fewer_looks_find_no_sooner():
    often, seldom = (simulated(plan(found("errors-50"), look_s=look_s)) for look_s in (10, 60))
    assert verdicts(often) == verdicts(seldom) == {Verdict.ROLLBACK}
    assert (seldom.minutes % 1 == 0).all()
    assert often.minutes.mean() < seldom.minutes.mean()


def test_minutes_are_counted_from_when_harm_began():
    sudden, late = ({"then": {"errors": 1.0}, "after_min": minute} for minute in (0, 2))
    for told in (sudden, late):
        outcomes = simulated(plan(scenario(**told)))
        assert verdicts(outcomes) == {Verdict.ROLLBACK}
        assert outcomes.minutes.max() <= 1


def test_what_is_found_before_it_got_worse_is_counted_from_the_beginning():
    worse = scenario(candidate={"errors": 0.5}, then={"errors": 1.0}, after_min=5)
    outcomes = simulated(plan(worse))
    assert verdicts(outcomes) == {Verdict.ROLLBACK}
    assert outcomes.minutes.min() > 0
    assert outcomes.bad.min() > 0


def test_what_fails_while_taking_back_fails_is_spoilt_too():
    at_once, stuck = (simulated(plan(scenario(candidate={"errors": 1.0}, stuck_s=stuck_s))) for stuck_s in (0, 60))
    assert (at_once.minutes == stuck.minutes).all()
    assert (stuck.bad - at_once.bad).mean() == pytest.approx(100, rel=0.1)


def test_a_promotion_spoils_nothing_more_though_taking_back_would_fail():
    at_once, stuck = (simulated(plan(scenario(stuck_s=stuck_s))) for stuck_s in (0, 60))
    assert verdicts(stuck) == {Verdict.PROMOTE}
    assert (at_once.bad == stuck.bad).all()


def watched(watch: Watch, **later: Any) -> Outcomes:
    """After promotion, with something that begins in minute 5, two to four minutes after it."""
    policy = ONE_STEP.model_copy(update={"watch": watch})
    return simulated(plan(scenario(then=later, after_min=5), policy, 2000, runs=8, watch_h=WATCHED_H))


def test_a_healthy_release_stays_promoted():
    outcomes = watched(Watch())
    assert verdicts(outcomes) == {Verdict.PROMOTE}
    assert not outcomes.taken_back.any()
    assert not outcomes.alerts.any()


def test_a_promoted_release_whose_golden_rows_are_wrong_is_taken_back():
    outcomes = watched(Watch(), unhealthy=1.0)
    assert verdicts(outcomes) == {Verdict.ROLLBACK}
    assert outcomes.taken_back.all()
    assert (outcomes.minutes > 0).all()


def test_a_promoted_release_that_fails_is_only_told_of():
    outcomes = watched(Watch(), errors=0.3)
    assert verdicts(outcomes) == {Verdict.PROMOTE}
    assert (outcomes.alerts & Alert.FAILING > 0).all()


def test_a_promoted_release_that_fails_is_taken_back_if_that_is_asked_for():
    outcomes = watched(Watch(errors="rollback"), errors=0.3)
    assert verdicts(outcomes) == {Verdict.ROLLBACK}
    assert outcomes.taken_back.all()


def test_a_release_that_was_never_promoted_was_not_taken_back_after_it():
    assert not simulated(plan(found("errors-100"), watch_h=WATCHED_H)).taken_back.any()
