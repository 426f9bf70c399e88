"""Hold, advance, promote, roll back or abort: what the judge makes of hand-made rollouts."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import serinus.canary
import serinus.evidence
import serinus.rollout
from serinus.canary.measurement import CANDIDATE, Check, Ints, Kind, Measurement, Window, check_of
from serinus.canary.state import References, State, begun
from serinus.canary.trees import mapped, packed
from serinus.policy import Drift, Errors, Health, Latency, Policy, Step, Watch
from serinus.rollout import Decision, Verdict, judge, look
from tests.unit.canary.told import (
    BAKE_S,
    POLICY,
    SHARES,
    WELL,
    counts,
    fresh,
    judged,
    measurement,
    references,
    side,
    stretch,
    window,
    windows,
)

HOLD, ADVANCE, PROMOTE, ROLLBACK, ABORT = Verdict
FAILING = counts(side(10, errors=10, warm=0), side(90), candidate_shares=(0, 0, 1))
FAILING[CANDIDATE, -1] = 0
HALVES = counts(side(50), side(50))
MOSTLY = counts(side(90), side(10))
ALL = counts(side(100), {})


def changed(**entries: Any) -> Policy:
    return POLICY.model_copy(update=entries)


def advanced(policy: Policy = POLICY) -> State:
    return judged(stretch(0, BAKE_S, WELL), policy=policy).state


def at_last(policy: Policy = POLICY) -> State:
    second = judge(policy, advanced(policy), [stretch(BAKE_S, 2 * BAKE_S, HALVES, 0.5)])
    return second.state


def promoted(policy: Policy = POLICY) -> State:
    decision = judge(policy, at_last(policy), [stretch(2 * BAKE_S, 3 * BAKE_S, MOSTLY, 0.9)])
    assert decision.verdict == PROMOTE
    return decision.state


def little(since_s: int = 0, until_s: int = BAKE_S, weight: float = 0.1) -> Measurement:
    """Too few requests to prove anything."""
    told = [window(start_s, WELL, weight) for start_s in range(since_s, until_s, 300)]
    return measurement(until_s, told, [check_of(until_s, failed=False)])


def test_a_healthy_release_goes_through_all_steps_and_is_promoted() -> None:
    first = judged(stretch(0, BAKE_S, WELL))
    second = judge(POLICY, first.state, [stretch(BAKE_S, 2 * BAKE_S, HALVES, 0.5)])
    third = judge(POLICY, second.state, [stretch(2 * BAKE_S, 3 * BAKE_S, MOSTLY, 0.9)])
    told = [(one.verdict, one.weight) for one in (first, second, third)]
    assert told == [(ADVANCE, 0.5), (ADVANCE, 0.9), (PROMOTE, 1.0)]


@pytest.mark.parametrize("window_s", [10, 30], ids=str)
def test_a_step_is_over_when_its_last_window_is_complete(window_s: int) -> None:
    policy = changed(window_s=window_s)
    told = [Window(start_s, np.asarray(0.1), WELL) for start_s in range(0, BAKE_S, window_s)]
    check = (check_of(60, failed=False),)
    before, after = (
        judge(policy, fresh(policy), [Measurement(2000.0, (2000.0, until_s), tuple(told), check)])
        for until_s in (BAKE_S - 1.0, float(BAKE_S))
    )
    assert (before.verdict, after.verdict) == (HOLD, ADVANCE)


def test_a_failing_release_is_rolled_back_within_minutes() -> None:
    decision = judged(stretch(0, 120, FAILING))
    assert (decision.verdict, decision.weight, decision.is_over) == (ROLLBACK, 0.0, True)


# --- silence -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told",
    [
        pytest.param([], id="no measurement"),
        pytest.param([measurement(BAKE_S)], id="no window"),
        pytest.param([measurement(BAKE_S, (), [check_of(60, failed=False)])], id="only golden rows"),
        pytest.param([stretch(0, BAKE_S, np.zeros_like(WELL))], id="windows of zeros"),
        pytest.param([stretch(0, BAKE_S, counts({}, side(90)))], id="only the baseline"),
        pytest.param([stretch(0, 660, WELL), measurement(BAKE_S)], id="few requests"),
        pytest.param([stretch(0, BAKE_S, WELL, np.nan)], id="no window at one weight"),
        pytest.param([stretch(0, BAKE_S, WELL, checked=False)], id="no golden rows"),
        pytest.param([stretch(0, BAKE_S, counts(side(10, refused=10, warm=0), side(90)))], id="only refused requests"),
        pytest.param([stretch(0, BAKE_S, counts(side(10, warm=0), side(90)))], id="only cold answers"),
    ],
)
def test_without_evidence_nothing_is_promoted(told: list[Measurement]) -> None:
    assert judged(*told).verdict == HOLD
    late = judged(*told, measurement(3 * BAKE_S - 1))
    assert late.verdict == HOLD
    assert judge(POLICY, late.state, [measurement(3 * BAKE_S)]).verdict == ABORT


def test_a_side_whose_counts_are_never_complete_is_never_judged() -> None:
    told, check = windows(0, 3 * BAKE_S, WELL), check_of(60, failed=False)
    verdicts = [
        judged(Measurement(until_s, (0.0, until_s), told, (check,))).verdict for until_s in (BAKE_S, 3.0 * BAKE_S)
    ]
    assert verdicts == [HOLD, ABORT]


def test_a_release_that_was_taken_back_is_not_promoted_by_what_comes_later() -> None:
    aborted = judged(stretch(0, 3 * BAKE_S, WELL, checked=False))
    assert (aborted.verdict, aborted.weight, aborted.is_over) == (ABORT, 0.0, True)
    check = check_of(3 * BAKE_S + 30, failed=False)
    later = judge(POLICY, aborted.state, [measurement(3 * BAKE_S + 60, (), [check])])
    assert (later.verdict, later.weight) == (ABORT, 0.0)


def test_a_new_step_asks_for_new_evidence() -> None:
    state = advanced()
    assert judge(POLICY, state, [stretch(BAKE_S, BAKE_S + 60, HALVES, 0.5)]).verdict == HOLD
    assert judge(POLICY, state, [measurement(2 * BAKE_S, (), [check_of(2000, failed=False)])]).verdict == HOLD


def test_a_new_step_asks_for_right_golden_rows_of_its_own() -> None:
    unchecked = judge(POLICY, advanced(), [stretch(BAKE_S, 2 * BAKE_S, HALVES, 0.5, checked=False)])
    assert (unchecked.verdict, unchecked.reason) == (HOLD, "golden rows were not right yet in this step: hold")


def test_latency_is_proven_too() -> None:
    slow = counts(side(10, slow=2), side(90, slow=5))
    decision = judged(stretch(0, BAKE_S, slow))
    assert decision.verdict == HOLD
    assert decision.reason.endswith("5.56% (150 of 2,700), not surely few enough: hold")


def test_what_makes_uneasy_is_not_promoted() -> None:
    bad = counts(side(10, errors=3, warm=7), side(90))
    uneasy = judged(stretch(0, 1740, WELL), measurement(BAKE_S, [window(1740, bad)]))
    assert uneasy.verdict == HOLD
    assert uneasy.reason.startswith("uneasy: fails 1.00% (3 of 300)")


def test_what_differs_a_little_is_not_promoted() -> None:
    shifted = counts(side(10), side(90), candidate_shares=(2, 3, 5))
    decision = judged(stretch(0, BAKE_S, shifted))
    assert (decision.verdict, decision.reason) == (HOLD, "its answers may differ from the running release's: hold")


# --- the deadline --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lag_s", [0, 60, 300], ids=str)
@pytest.mark.parametrize("how", ["extend", "raise", "abort"])
def test_evidence_that_comes_late_is_waited_for(how: str, lag_s: int) -> None:
    policy, told = changed(without_evidence=how), windows(0, BAKE_S, WELL)
    complete_s, checks = float(BAKE_S - lag_s), (check_of(60, failed=False),)
    first = judge(policy, fresh(policy), [Measurement(float(BAKE_S), (complete_s, complete_s), told, checks)])
    second = judge(policy, first.state, [measurement(BAKE_S + lag_s)]) if lag_s else first
    assert second.verdict == ADVANCE


@pytest.mark.parametrize(
    ("how", "until_s", "verdict"),
    [
        pytest.param("extend", BAKE_S, HOLD, id="a baked step is extended"),
        pytest.param("extend", 3 * BAKE_S - 60, HOLD, id="until the deadline"),
        pytest.param("extend", 3 * BAKE_S, ABORT, id="at the deadline"),
        pytest.param("raise", 3 * BAKE_S, ABORT, id="at the deadline, raised"),
        pytest.param("abort", BAKE_S - 60, HOLD, id="a step that did not bake is not aborted"),
        pytest.param("abort", BAKE_S, ABORT, id="at once"),
    ],
)
def test_a_step_without_evidence_ends_at_its_deadline(how: str, until_s: int, verdict: Verdict) -> None:
    policy = changed(without_evidence=how)
    told = little(until_s=min(until_s, BAKE_S))
    assert judged(told, measurement(until_s), policy=policy).verdict == verdict


def test_evidence_at_the_deadline_is_still_evidence() -> None:
    assert judged(stretch(0, 3 * BAKE_S, WELL)).verdict == ADVANCE


# --- raising -------------------------------------------------------------------------------------------------------


def test_the_weight_of_a_step_without_evidence_doubles_up_to_a_half() -> None:
    policy = changed(without_evidence="raise")
    weights, state, weight = [], fresh(policy), 0.1
    for until_s in range(BAKE_S, 3 * BAKE_S, BAKE_S // 2):
        decision = judge(policy, state, [measurement(until_s, (), [check_of(until_s, failed=False)])])
        state, weight = decision.state, decision.weight
        weights.append(weight)
    assert weights == [0.2, 0.4, 0.5, 0.5]


def test_evidence_goes_on_while_the_weight_is_raised() -> None:
    policy = changed(without_evidence="raise")
    raised = judged(little(), policy=policy)
    assert (raised.verdict, raised.weight) == (HOLD, 0.2)
    more = counts(side(20), side(80))
    after = judge(policy, raised.state, [stretch(BAKE_S, BAKE_S + 300, more, 0.2)])
    assert (after.verdict, after.weight) == (ADVANCE, 0.5)
    assert after.reason.startswith("fails 0.00% (0 of 160), the running release 0.00% (0 of 940)")


@pytest.mark.parametrize(
    "doubt",
    [
        pytest.param(measurement(BAKE_S, (), [check_of(BAKE_S + 1, failed=True)]), id="golden rows are wrong"),
        pytest.param(measurement(BAKE_S, [window(1740, counts(side(10, errors=3, warm=7), side(90)))]), id="uneasy"),
        pytest.param(
            measurement(BAKE_S, [window(1740, counts(side(10, errors=5, warm=5), side(90, errors=45, warm=45)))]),
            id="both fail",
        ),
        pytest.param(measurement(BAKE_S, [window(1740, counts(side(0), side(400)))]), id="shared out otherwise"),
        pytest.param(measurement(BAKE_S, [window(1740, WELL, 0.5)]), id="somebody moved the alias"),
        pytest.param(measurement(BAKE_S, [window(1740, counts(side(10, throttled=30), side(90)))]), id="throttled"),
    ],
)
def test_no_traffic_is_added_where_something_speaks_against_it(doubt: Measurement) -> None:
    decision = judged(little(), doubt, policy=changed(without_evidence="raise"))
    assert (decision.verdict, decision.weight) == (HOLD, 0.1)
