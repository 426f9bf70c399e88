"""The original systems' plain thresholds: five minutes, and no more thought."""

from math import log

import numpy as np
import pytest

from serinus.canary.absorbing import absorbed
from serinus.canary.measurement import Ints, check_of
from serinus.canary.naive import drift, errors, health, latency
from serinus.canary.state import State
from tests.unit.canary.told import POLICY, WELL, counts, fresh, measurement, side, window, windows

NAIVE = POLICY.naive()
ASKED = np.asarray(False)


def after(told: Ints, minutes: int = 5) -> State:
    return absorbed(NAIVE, fresh(NAIVE), [measurement(60 * (minutes + 1), windows(0, 60 * (minutes + 1), told))])


def lasting(candidate_ms: int, baseline_ms: int) -> Ints:
    return counts(side(10, duration_ms=10 * candidate_ms), side(90, duration_ms=90 * baseline_ms))


@pytest.mark.parametrize(
    ("failed", "guilty"), [(0, False), (1, False), (2, True)], ids=["none", "exactly 5 %", "more than 5 %"]
)
def test_more_than_5_percent_of_errors_is_too_much(failed: int, guilty: bool) -> None:
    told = after(counts(side(20, errors=failed, warm=20 - failed), side(180)))
    found = errors(NAIVE, told, ASKED)
    assert (bool(found.guilty), float(found.e)) == (guilty, failed / 20)


def test_one_error_of_ten_requests_is_enough_for_a_plain_threshold() -> None:
    told = [*windows(0, 300, np.zeros_like(WELL)), window(0, counts(side(10, errors=1, warm=9), side(90)))]
    state = absorbed(NAIVE, fresh(NAIVE), [measurement(300, told)])
    assert bool(errors(NAIVE, state, ASKED).guilty)


def test_errors_of_the_baseline_are_no_excuse() -> None:
    told = after(counts(side(10, errors=1, warm=9), side(90, errors=9, warm=81)))
    assert bool(errors(NAIVE, told, ASKED).guilty)


@pytest.mark.parametrize(
    ("candidate_ms", "guilty"), [(100, False), (200, False), (201, True)], ids=["as fast", "twice", "more than twice"]
)
def test_more_than_twice_the_mean_is_too_slow(candidate_ms: int, guilty: bool) -> None:
    found = latency(NAIVE, after(lasting(candidate_ms, 100)), ASKED)
    assert (bool(found.guilty), float(found.e)) == (guilty, pytest.approx(candidate_ms / 100))


@pytest.mark.parametrize("told", [lasting(900, 0), counts(side(10, duration_ms=9000), {})], ids=["no time", "none"])
def test_without_a_baseline_nothing_is_too_slow(told: Ints) -> None:
    assert not latency(NAIVE, after(told), ASKED).guilty


def test_the_distance_of_answers_is_taken_as_it_comes() -> None:
    found = drift(NAIVE, after(counts(side(10), side(90), candidate_shares=(2, 3, 5))), ASKED)
    by_hand = 0.2 * log(0.2 / 0.5) + 0.3 * log(0.3 / 0.3) + 0.5 * log(0.5 / 0.2)
    assert (bool(found.guilty), float(found.e)) == (False, pytest.approx(by_hand))


def test_a_distance_of_more_than_03_is_too_far() -> None:
    assert drift(NAIVE, after(counts(side(10), side(90), candidate_shares=(1, 3, 6))), ASKED).guilty


@pytest.mark.parametrize(
    "told", [counts({}, side(90)), counts(side(10), {}), counts({}, {})], ids=["one", "other", "both"]
)
def test_sides_without_answers_are_not_far_apart(told: Ints) -> None:
    found = drift(NAIVE, after(told), ASKED)
    assert (bool(found.guilty), float(found.e)) == (False, 0.0)


@pytest.mark.parametrize("others_failed", [False, True], ids=["alone", "both"])
@pytest.mark.parametrize(("failures", "guilty"), [(2, False), (3, True)], ids=["twice", "three times"])
def test_three_failures_in_a_row_are_too_many(failures: int, guilty: bool, others_failed: bool) -> None:
    checks = [check_of(10 * n, failed=True, others_failed=others_failed) for n in range(failures)]
    state = absorbed(NAIVE, fresh(NAIVE), [measurement(60, (), checks)])
    assert bool(health(NAIVE, state, ASKED).guilty) is guilty


def test_nothing_is_said_before_five_minutes() -> None:
    state = absorbed(NAIVE, fresh(NAIVE), [measurement(240, windows(0, 240, counts(side(10, errors=10), side(90))))])
    assert not errors(NAIVE, state, ASKED).guilty


def test_what_was_more_than_five_minutes_ago_is_forgotten() -> None:
    bad, told = counts(side(10, errors=10, warm=0), side(90)), windows(60, 420, WELL)
    state = absorbed(NAIVE, fresh(NAIVE), [measurement(420, [window(0, bad), *told])])
    assert float(errors(NAIVE, state, ASKED).e) == 0


def test_silence_proves_all() -> None:
    state = after(np.zeros_like(WELL))
    for trigger in (errors, latency, drift, health):
        found = trigger(NAIVE, state, ASKED)
        assert (bool(found.proven), bool(found.guilty), bool(found.uneasy), bool(found.shared)) == (True, *[False] * 3)
