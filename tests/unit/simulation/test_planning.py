"""What a plan says of a rollout before it begins."""

import pytest

from serinus.policy import Policy
from serinus.simulation.planning import Outlook, outlook


@pytest.fixture(scope="module")
def usual() -> Outlook:
    return outlook(Policy(), 100, [0.2], 20, runs=30)


@pytest.fixture(scope="module")
def sparse() -> Outlook:
    return outlook(Policy(), 3, [0.2], 20, runs=20)


def test_each_step_has_its_minutes_and_requests(usual: Outlook) -> None:
    told = [(stage.weight, stage.requests, stage.minutes, stage.is_possible) for stage in usual.stages]
    assert told == [(0.1, 300, 30, True), (0.5, 1500, 30, True), (0.9, 2700, 30, True)]


def test_a_healthy_release_is_promoted_after_its_steps(usual: Outlook) -> None:
    assert usual.healthy_min == pytest.approx(90, abs=1)
    assert usual.false_aborts < 0.1


def test_a_broken_release_is_found_within_minutes(usual: Outlook) -> None:
    broken = usual.caught[0]
    assert (broken.kind, broken.found, broken.promoted) == ("fails 0.2", 1.0, 0.0)
    assert broken.minutes is not None
    assert broken.minutes <= 4
    assert broken.spoilt is not None
    assert broken.spoilt <= 8


def test_enough_traffic_needs_no_warning(usual: Outlook) -> None:
    assert usual.warnings == ()


def test_too_little_traffic_is_told_with_what_to_do(sparse: Outlook) -> None:
    assert sparse.healthy_min is None
    assert sparse.warnings[0].startswith("too little traffic: the first step gives the candidate 22.5 requests")
    assert "a larger weight" in sparse.warnings[0]


@pytest.mark.parametrize("rate", [20, 100, 1000, 60_000])
def test_the_harmless_weight_spoils_no_more_than_allowed(rate: float) -> None:
    policy = Policy()
    weight = policy.harmless_weight(20, rate)
    assert policy.spoilt(weight, rate) <= 20
    assert policy.spoilt(weight * 1.05, rate) > 20


def test_the_first_weight_keeps_the_harm_that_is_allowed() -> None:
    assert Policy(harm=20).at(60_000).steps[0].weight == Policy().harmless_weight(20, 60_000) < 0.002
