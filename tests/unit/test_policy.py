"""What `[rollout]` of service.toml may say, what it says by default, and what it comes to at some traffic."""

import math
import tomllib
from typing import Any

import pytest

from serinus.deployable import contradictions
from serinus.errors import ServiceError
from serinus.policy import Policy, policy_of
from serinus.service import Service

STEPS = [{"weight": 0.1}, {"weight": 0.5}, {"weight": 0.9}]


def service(rollout: dict[str, Any]) -> Service:
    said = {
        "service": {"name": "tiny", "task": "classification", "labels": ["YES", "NO"]},
        "input": {"features": 3},
        "models": {"linear": "1.0.0"},
        "rollout": rollout,
    }
    return Service.model_validate(said)


def weights(policy: Policy) -> list[float]:
    return [step.weight for step in policy.steps]


def test_by_default_a_release_takes_three_steps_of_half_an_hour() -> None:
    policy = policy_of({})
    assert [(step.weight, step.bake_min) for step in policy.steps] == [(0.1, 30), (0.5, 30), (0.9, 30)]
    assert policy == Policy()


def test_by_default_the_limits_are_those_of_the_design() -> None:
    policy = policy_of({})
    assert (policy.errors.limit, policy.latency.limit, policy.drift.limit, policy.health.failures) == (0.05, 2, 0.3, 3)
    assert (policy.alpha, policy.requests, policy.deadline, policy.without_evidence) == (0.004, 120, 3, "extend")
    assert {trigger.mode for trigger in (policy.errors, policy.latency, policy.drift, policy.health)} == {"sequential"}


def test_what_the_design_shows_of_service_toml_is_the_default() -> None:
    told = """
    [rollout]
    steps = [{ weight = 0.10, bake_min = 30 }, { weight = 0.50, bake_min = 30 }, { weight = 0.90, bake_min = 30 }]
    """
    assert policy_of(tomllib.loads(told)["rollout"]) == Policy()


def test_entries_of_sections_are_read() -> None:
    policy = policy_of({"errors": {"mode": "naive", "limit": 0.1}, "watch": {"errors": "rollback"}, "window_s": 30})
    assert (policy.errors.mode, policy.errors.limit, policy.errors.tolerated) == ("naive", 0.1, 0.01)
    assert (policy.watch.errors, policy.watch.hours, policy.window_s) == ("rollback", 24, 30)


WRONG = [
    pytest.param({"speed": 1}, "rollout.speed: Extra inputs are not permitted, got 1", id="unknown entry"),
    pytest.param({"errors": {"rate": 1}}, "rollout.errors.rate: Extra inputs", id="unknown entry of a section"),
    pytest.param({"alpha": 0}, "rollout.alpha: Input should be greater than 0, got 0", id="no alpha"),
    pytest.param({"alpha": 1.5}, "rollout.alpha: Input should be less than 1, got 1.5", id="too much alpha"),
    pytest.param({"alpha": math.nan}, "rollout.alpha: Input should be less than 1, got nan", id="no number"),
    pytest.param({"steps": []}, "rollout.steps: Tuple should have at least 1 item", id="no step"),
    pytest.param({"steps": [{"weight": 1}]}, "rollout.steps.0.weight: Input should be less than 1, got 1", id="all"),
    pytest.param({"steps": [{"weight": 0}]}, "rollout.steps.0.weight: Input should be greater than 0", id="nothing"),
    pytest.param({"steps": [{"bake_min": 5}]}, "rollout.steps.0.weight: Field required", id="no weight"),
    pytest.param(
        {"steps": [{"weight": 0.1, "bake_min": 0}]}, "rollout.steps.0.bake_min: Input should be greater", id="no time"
    ),
    pytest.param(
        {"steps": [{"weight": 0.5}, {"weight": 0.1}]},
        "the weights of the steps must rise, got [0.5, 0.1]",
        id="falling",
    ),
    pytest.param(
        {"steps": [{"weight": 0.5}, {"weight": 0.5}]}, "the weights of the steps must rise, got [0.5, 0.5]", id="alike"
    ),
    pytest.param({"errors": {"mode": "fast"}}, "rollout.errors.mode: Input should be 'sequential', 'naive'", id="mode"),
    pytest.param(
        {"errors": {"tolerated": 0.05}}, "errors.tolerated 0.05 must be below errors.limit 0.05", id="all tolerated"
    ),
    pytest.param(
        {"drift": {"passed_below": 0.4}},
        "drift.passed_below 0.4 is above drift.limit 0.3",
        id="passes beyond the limit",
    ),
    pytest.param({"errors": {"ratio": 0.5}}, "rollout.errors.ratio: Input should be greater than or", id="ratio"),
    pytest.param({"window_s": 7}, "window_s must divide a minute, got 7", id="no part of a minute"),
    pytest.param({"window_s": 120}, "rollout.window_s: Input should be less than or equal to 60", id="long windows"),
    pytest.param({"without_evidence": "promote"}, "rollout.without_evidence: Input should be", id="on silence"),
    pytest.param({"watch": {"errors": "ignore"}}, "rollout.watch.errors: Input should be 'alert'", id="watch"),
    pytest.param({"deadline": 1}, "rollout.deadline: Input should be greater than 1, got 1", id="late"),
    pytest.param({"health": {"failures": 0}}, "rollout.health.failures: Input should be greater", id="no failure"),
]


@pytest.mark.parametrize(("rollout", "told"), WRONG)
def test_a_wrong_entry_is_named_with_what_it_is_and_should_be(rollout: dict[str, Any], told: str) -> None:
    with pytest.raises(ServiceError) as refused:
        policy_of(rollout)
    assert told in str(refused.value)


@pytest.mark.parametrize(("rollout", "told"), WRONG)
def test_a_wrong_rollout_keeps_a_service_from_being_deployed(rollout: dict[str, Any], told: str) -> None:
    (sentence,) = contradictions(service(rollout))
    assert told in sentence


@pytest.mark.parametrize(
    "rollout", [{}, {"steps": STEPS}, {"errors": {"mode": "off"}}, {"harm": 50}], ids=["none", "steps", "off", "harm"]
)
def test_a_right_rollout_is_deployed(rollout: dict[str, Any]) -> None:
    assert contradictions(service(rollout)) == ()


@pytest.mark.parametrize(
    ("rate", "first"),
    [
        pytest.param(0, 0.25, id="no traffic"),
        pytest.param(1, 0.25, id="1/min"),
        pytest.param(20, 0.25, id="20/min"),
        pytest.param(25, 0.2, id="25/min"),
        pytest.param(40, 0.125, id="40/min"),
        pytest.param(50, 0.1, id="50/min"),
        pytest.param(100_000, 0.1, id="100,000/min"),
    ],
)
def test_the_first_weight_is_enough_for_150_requests(rate: float, first: float) -> None:
    assert weights(Policy().at(rate)) == pytest.approx([first, 0.5, 0.9])


def test_a_longer_first_step_needs_less_weight() -> None:
    policy = policy_of({"steps": [{"weight": 0.05, "bake_min": 60}, *STEPS[1:]]})
    assert weights(policy.at(20)) == pytest.approx([0.125, 0.5, 0.9])


def test_a_first_weight_that_was_more_stays() -> None:
    assert weights(policy_of({"steps": [{"weight": 0.4}, {"weight": 0.9}]}).at(20)) == [0.4, 0.9]


def test_steps_that_are_no_more_than_the_first_weight_are_left_out() -> None:
    policy = policy_of({"steps": [{"weight": 0.1}, {"weight": 0.2}, {"weight": 0.25}, {"weight": 0.5}]})
    assert weights(policy.at(20)) == [0.25, 0.5]


@pytest.mark.parametrize("rate", [0, 20, 100_000], ids=str)
def test_the_steps_may_be_taken_as_they_are_said(rate: float) -> None:
    assert Policy(first_weight="steps").at(rate) == Policy(first_weight="steps")


@pytest.mark.parametrize(
    ("rate", "first"),
    [
        pytest.param(0, 0.25, id="no traffic"),
        pytest.param(100, 0.1, id="100/min"),
        pytest.param(6000, 0.044, id="6,000/min"),
        pytest.param(60_000, 0.0044, id="60,000/min"),
    ],
)
def test_harm_bounds_the_first_weight(rate: float, first: float) -> None:
    """50 spoiled answers: 6 until there is evidence, and 44 in the 10 seconds until the traffic is back."""
    assert weights(Policy(harm=50).at(rate)) == pytest.approx([first, 0.5, 0.9])


@pytest.mark.parametrize("broken", [1.0, 0.2], ids=str)
@pytest.mark.parametrize("rate", [60, 600, 60_000], ids=str)
@pytest.mark.parametrize("harm", [10, 50, 1000], ids=str)
def test_the_harmless_weight_spoils_as_much_as_allowed(harm: float, rate: float, broken: float) -> None:
    weight = Policy().harmless_weight(harm, rate, broken=broken)
    assert Policy().spoilt(weight, rate, broken=broken) == pytest.approx(harm)


@pytest.mark.parametrize("rate", [0, 60_000], ids=["no traffic", "much"])
def test_less_harm_than_evidence_takes_leaves_hardly_any_weight(rate: float) -> None:
    assert Policy().harmless_weight(5, rate) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("weight", "failures"),
    [
        pytest.param(0.01, 6.0, id="its rate alone convinces last"),
        pytest.param(0.5, math.log(12 * 50) / -math.log(0.75 / 1.25), id="the baseline convinces last"),
        pytest.param(0.9, math.log(12 * 50) / -math.log(1.35 / 1.45), id="hardly any baseline"),
    ],
)
def test_a_broken_release_spoils_as_many_answers_as_convince(weight: float, failures: float) -> None:
    assert Policy().spoilt(weight, 0) == pytest.approx(failures)
    assert Policy().spoilt(weight, 600, broken=0.5) == pytest.approx(failures + weight * 50)


def test_plain_thresholds_keep_the_plan() -> None:
    policy = Policy(alpha=0.01)
    naive = policy.naive()
    assert (naive.is_naive, policy.is_naive) == (True, False)
    assert {naive.errors.mode, naive.latency.mode, naive.drift.mode, naive.health.mode} == {"naive"}
    assert (naive.steps, naive.alpha, naive.errors.limit) == (policy.steps, policy.alpha, policy.errors.limit)


def test_one_test_is_enough_for_a_policy_that_is_not_plain() -> None:
    off = {"mode": "off"}
    assert not policy_of({"errors": off, "latency": off, "drift": off}).is_naive
