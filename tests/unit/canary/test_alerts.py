"""What people are told, once a step, though it decides nothing."""

import numpy as np
import pytest

from serinus.canary.alerts import Alert
from serinus.canary.measurement import Ints, Measurement, check_of
from serinus.canary.state import State
from serinus.rollout import Verdict, judge
from tests.unit.canary.told import (
    BAKE_S,
    POLICY,
    WELL,
    counts,
    fresh,
    judged,
    measurement,
    side,
    stretch,
    window,
    windows,
)

BOTH_FAIL = counts(side(20, errors=5, warm=15), side(180, errors=45, warm=135))
SLOW = counts(side(20, slow=10), side(180, slow=9))
MOVED = counts(side(10), side(90), candidate_shares=(1, 1, 8), baseline_shares=(1, 1, 8))
UNEVEN = counts(side(40), side(60))
UNHEALTHY = measurement(600, (), [check_of(at_s, failed=True, others_failed=True) for at_s in (1, 2, 3)])


def throttled(of_100: int) -> Ints:
    return counts(side(10), side(90, throttled=of_100))


@pytest.mark.parametrize(
    ("told", "alerts"),
    [
        pytest.param([stretch(0, 600, WELL)], (), id="all is well"),
        pytest.param([measurement(600)], (), id="silence"),
        pytest.param([stretch(0, 600, UNEVEN)], ("SAMPLE_RATIO",), id="shared out otherwise"),
        pytest.param([stretch(0, 600, BOTH_FAIL)], ("INCIDENT",), id="both fail"),
        pytest.param([UNHEALTHY], ("BOTH_UNHEALTHY",), id="golden rows of both are wrong"),
        pytest.param([stretch(0, 600, MOVED)], ("INPUT_DRIFT",), id="both answer otherwise"),
        pytest.param([stretch(0, 600, SLOW)], ("SLOW_MACHINE",), id="slow in no environment that started"),
        pytest.param([stretch(0, 600, throttled(1))], (), id="hardly throttled"),
        pytest.param([stretch(0, 600, throttled(2))], ("THROTTLED",), id="throttled"),
        pytest.param([measurement(60, [window(0, WELL, 0.2)])], ("ELSEWHERE",), id="another weight"),
        pytest.param([measurement(60), measurement(60, [window(0, WELL)])], (), id="a window in time"),
        pytest.param([measurement(60, [window(-60, WELL)])], (), id="a window from before the rollout"),
        pytest.param(
            [stretch(0, 600, BOTH_FAIL + throttled(40), checked=False), UNHEALTHY],
            ("INCIDENT", "BOTH_UNHEALTHY", "THROTTLED"),
            id="several at once",
        ),
    ],
)
def test_what_is_wrong_is_told_by_its_name(told: list[Measurement], alerts: tuple[str, ...]) -> None:
    decision = judged(*told)
    assert decision.alerts == alerts
    assert decision.verdict == Verdict.HOLD


def test_a_failing_candidate_beside_a_running_release_that_does_not_is_no_incident() -> None:
    second = judged(stretch(0, BAKE_S, WELL)).state
    failing = counts(side(9, errors=9, warm=0), side(9))
    decision = judge(POLICY, second, [stretch(BAKE_S, BAKE_S + 60, failing, 0.5)])
    assert (decision.verdict, decision.alerts) == (Verdict.HOLD, ())
    assert decision.reason == "uneasy: fails 100.00% (9 of 9), the running release 0.00% (0 of 9): hold"


def test_an_alert_is_told_once_in_a_step() -> None:
    first = judged(stretch(0, 600, throttled(50)))
    second = judge(POLICY, first.state, [stretch(600, 1200, throttled(50))])
    assert (first.alerts, second.alerts) == (("THROTTLED",), ())


def test_an_alert_that_is_due_in_the_next_step_too_is_told_again() -> None:
    told = windows(0, BAKE_S - 300, WELL)
    first = judged(
        measurement(BAKE_S, (), [check_of(BAKE_S, failed=False)]), measurement(BAKE_S, [*told, window(60, MOVED)])
    )
    assert first.verdict == Verdict.ADVANCE
    moved = counts(side(50), side(50), candidate_shares=(1, 1, 8), baseline_shares=(1, 1, 8))
    for since_s, alerts in ((BAKE_S, ("INPUT_DRIFT",)), (BAKE_S + 300, ())):
        first = judge(POLICY, first.state, [stretch(since_s, since_s + 300, moved, 0.5)])
        assert first.alerts == alerts


def test_throttling_holds_until_it_is_over() -> None:
    told = [*windows(0, BAKE_S - 120, WELL), *windows(BAKE_S - 120, BAKE_S, throttled(50))]
    held = judged(measurement(BAKE_S, told, [check_of(BAKE_S, failed=False)]))
    assert (held.verdict, held.alerts) == (Verdict.HOLD, ("THROTTLED",))
    assert held.reason == "the account's limits keep requests away: hold"
    free = judge(POLICY, held.state, [stretch(BAKE_S, BAKE_S + 360, WELL)])
    assert free.verdict == Verdict.ADVANCE


def test_a_slow_machine_holds_and_is_no_reason_to_roll_back() -> None:
    decision = judged(stretch(0, BAKE_S, SLOW))
    assert (decision.verdict, decision.alerts) == (Verdict.HOLD, ("SLOW_MACHINE",))
    assert decision.reason == "slow, but only 0 environments answered: hold"


def test_other_inputs_are_no_reason_to_hold() -> None:
    decision = judged(stretch(0, BAKE_S, MOVED))
    assert (decision.verdict, decision.alerts) == (Verdict.ADVANCE, ("INPUT_DRIFT",))


def test_an_incident_of_both_is_never_rolled_back() -> None:
    state: State = fresh()
    for since_s in range(0, 3 * BAKE_S, 600):
        decision = judge(POLICY, state, [stretch(since_s, since_s + 600, BOTH_FAIL)])
        assert decision.verdict == (Verdict.ABORT if since_s + 600 == 3 * BAKE_S else Verdict.HOLD)
        state = decision.state


def test_alerts_are_bits_of_their_own() -> None:
    assert int(np.bitwise_or.reduce([int(alert) for alert in Alert])) == sum(int(alert) for alert in Alert)
