"""A decision is one sentence and some numbers, whatever came."""

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest

from serinus.canary.measurement import Measurement, check_of
from serinus.canary.trees import packed
from serinus.policy import Drift, Errors, Health, Policy, Step
from serinus.rollout import Decision, Verdict, judge
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

NONE_WRONG = "fails 0.00% (0 of 300), the running release 0.00% (0 of 2,700)"
NONE_SLOW = "is slow in 0.00% (0 of 300), the running release 0.00% (0 of 2,700)"
PAIRED = POLICY.model_copy(update={"drift": Drift(disagreement=0.02)})
RAISED = POLICY.model_copy(update={"without_evidence": "raise"})
EVEN = counts(side(50), side(50))


def few(every_s: int = 300) -> Measurement:
    told = [window(start_s, WELL) for start_s in range(0, BAKE_S, every_s)]
    return measurement(BAKE_S, told, [check_of(BAKE_S, failed=False)])


def pairs(disagreements: int) -> Measurement:
    return stretch(0, 600, counts(side(10, pairs=10, disagreements=disagreements), side(90)))


def wrong(times: int, *, both: bool = False) -> Measurement:
    return measurement(60, (), [check_of(n, failed=True, others_failed=both) for n in range(times)])


@pytest.mark.parametrize(
    ("policy", "told", "reason"),
    [
        pytest.param(POLICY, [stretch(0, 600, WELL)], "10 of 30 minutes: hold", id="not baked"),
        pytest.param(POLICY, [], "0 of 30 minutes: hold", id="nothing yet"),
        pytest.param(POLICY, [few()], "60 of 120 requests: hold", id="few requests"),
        pytest.param(RAISED, [few()], "60 of 120 requests: hold, with 20.0% of the traffic", id="raised"),
        pytest.param(
            POLICY,
            [measurement(60, [window(0, WELL, 0.5)])],
            "the alias is not at the weight that was set: hold",
            id="elsewhere",
        ),
        pytest.param(
            POLICY,
            [stretch(0, 600, counts(side(30), side(70)))],
            "the candidate was given 30.0% of 1,000 requests instead of 10.0%: hold",
            id="sample ratio",
        ),
        pytest.param(POLICY, [wrong(2)], "golden rows are wrong, 2 times in a row: hold", id="golden rows"),
        pytest.param(
            POLICY, [wrong(4, both=True)], "golden rows are wrong on both, 4 times in a row: hold", id="both unhealthy"
        ),
        pytest.param(
            POLICY,
            [stretch(0, 600, counts(side(10, errors=2, warm=8), side(90, errors=18, warm=72)))],
            "fails 20.00% (20 of 100), the running release 20.00% (180 of 900): both do: hold",
            id="both fail",
        ),
        pytest.param(
            POLICY,
            [stretch(0, 600, counts(side(20, slow=10, started=0), side(180, slow=9)))],
            "slow, but only 0 environments answered: hold",
            id="slow machine",
        ),
        pytest.param(
            POLICY,
            [stretch(0, 600, counts(side(10, throttled=5), side(90)))],
            "the account's limits keep requests away: hold",
            id="throttled",
        ),
        pytest.param(
            POLICY,
            [measurement(60, [window(0, counts(side(10, errors=3, warm=7), side(90)))])],
            "uneasy: fails 30.00% (3 of 10), the running release 0.00% (0 of 90): hold",
            id="uneasy of errors",
        ),
        pytest.param(
            POLICY,
            [measurement(60, [window(0, counts(side(20, slow=7, started=3), side(180)))])],
            "uneasy: is slow in 35.00% (7 of 20), the running release 0.00% (0 of 180): hold",
            id="uneasy of latency",
        ),
        pytest.param(
            PAIRED,
            [measurement(60, [window(0, counts(side(100, pairs=100, disagreements=9), side(900)))])],
            "uneasy: answers 9 of 100 inputs otherwise than the running release: hold",
            id="uneasy of pairs",
        ),
        pytest.param(
            POLICY,
            [stretch(0, BAKE_S, counts(side(10), side(90), candidate_shares=(2, 3, 5)))],
            "its answers may differ from the running release's: hold",
            id="drift not proven",
        ),
        pytest.param(
            POLICY,
            [stretch(0, BAKE_S, WELL, checked=False)],
            "golden rows were not right lately in this step: hold",
            id="golden rows not replayed",
        ),
        pytest.param(
            POLICY,
            [stretch(0, BAKE_S, counts(side(10, refused=9, warm=1), side(90)))],
            f"{NONE_WRONG}, not surely below the limit: hold",
            id="errors not proven",
        ),
        pytest.param(
            POLICY,
            [stretch(0, BAKE_S, counts(side(10, warm=0), side(90)))],
            "is slow in 0.00% (0 of 0), the running release 0.00% (0 of 2,700), not surely few enough: hold",
            id="latency not proven",
        ),
        pytest.param(
            POLICY,
            [stretch(0, BAKE_S, WELL)],
            f"{NONE_WRONG}; {NONE_SLOW}; nothing speaks against it: 50% of the traffic next",
            id="advance",
        ),
        pytest.param(
            POLICY,
            [few(), measurement(3 * BAKE_S)],
            "not shown to be all right in 90 minutes (60 of 120 requests): taken back",
            id="abort",
        ),
        pytest.param(
            POLICY,
            [wrong(3)],
            "golden rows are wrong, 3 times in a row, and right on the running release: rolled back",
            id="rolled back for golden rows",
        ),
        pytest.param(
            POLICY.naive(),
            [wrong(3, both=True)],
            "golden rows are wrong, 3 times in a row: rolled back",
            id="rolled back for golden rows of both",
        ),
        pytest.param(
            POLICY.naive(),
            [stretch(0, 600, counts(side(10, errors=1, warm=9), side(90)))],
            "fails 10.00% (10 of 100), the running release 0.00% (0 of 900); "
            "0.1 in five minutes, more than 0.05: rolled back",
            id="rolled back for a plain threshold",
        ),
    ],
)
def test_a_decision_says_why_in_a_sentence(policy: Policy, told: Sequence[Measurement], reason: str) -> None:
    assert judged(*told, policy=policy).reason == reason


@pytest.mark.parametrize(
    ("policy", "told", "reason"),
    [
        pytest.param(
            POLICY,
            stretch(0, 600, counts(side(10, errors=1, warm=9), side(90))),
            "fails 10.00% (10 of 100), the running release 0.00% (0 of 900)",
            id="errors",
        ),
        pytest.param(
            POLICY,
            stretch(0, 600, counts(side(10, slow=3, started=1), side(90))),
            "is slow in 30.00% (30 of 100), the running release 0.00% (0 of 900)",
            id="latency",
        ),
        pytest.param(
            POLICY,
            stretch(0, 1200, counts(side(10), side(90), candidate_shares=(0, 0, 1))),
            "its 200 answers are not shared out as the 1,800 of the running release",
            id="drift",
        ),
        pytest.param(PAIRED, pairs(3), "answers 30 of 100 inputs otherwise than the running release", id="pairs"),
    ],
)
def test_a_rollback_says_what_it_found_and_how_likely_chance_does_that(
    policy: Policy, told: Measurement, reason: str
) -> None:
    decision = judged(told, policy=policy)
    assert decision.verdict == Verdict.ROLLBACK
    said, odds = decision.reason.removesuffix(": rolled back").split("; by chance less than once in ")
    assert said == reason
    guilty = max(decision.evidence.values(), key=lambda shown: shown[0] - shown[1])
    assert float(odds.replace(",", "")) == pytest.approx(10 ** min(guilty[0], 15), rel=1e-3)


def test_the_last_step_says_that_all_traffic_comes() -> None:
    policy = POLICY.model_copy(update={"steps": (Step(weight=0.5),)})
    decision = judge(policy, fresh(policy), [stretch(0, BAKE_S, EVEN, 0.5)])
    assert decision.verdict == Verdict.PROMOTE
    assert decision.reason.endswith("nothing speaks against it: 100% of the traffic next")


@pytest.mark.parametrize(("failed", "soon_s"), [(False, 30), (True, 5)], ids=["right", "wrong"])
def test_golden_rows_are_replayed_sooner_once_they_failed(failed: bool, soon_s: float) -> None:
    assert judged(measurement(60, (), [check_of(1, failed=failed)])).check_in_s == soon_s


def test_golden_rows_are_replayed_as_the_policy_says() -> None:
    policy = POLICY.model_copy(update={"health": Health(every_s=7, again_s=2)})
    checks = [check_of(n, failed=True) for n in range(2)]
    first = judge(policy, fresh(policy), [measurement(60)])
    assert (first.check_in_s, judge(policy, first.state, [measurement(60, (), checks)]).check_in_s) == (7, 2)


def test_evidence_is_told_in_powers_of_ten() -> None:
    decision = judged(stretch(0, 600, counts(side(10, errors=1, warm=9), side(90))))
    value, limit = decision.evidence["errors"]
    assert limit == pytest.approx(math.log10(1 / (0.004 * 0.5 * 0.3 * 4 / 7)), rel=1e-8)
    assert value == pytest.approx(float(decision.state.evidence.relative.log_e[0]) / math.log(10), rel=1e-8)
    assert decision.evidence["health"] == (0.0, 3.0)


def test_evidence_of_plain_thresholds_is_told_as_it_is() -> None:
    decision = judged(stretch(0, 600, counts(side(10, errors=1, warm=9), side(90))), policy=POLICY.naive())
    assert decision.evidence["errors"] == (0.1, 0.05)
    assert decision.evidence["latency"] == (0.0, 2.0)


def test_what_is_not_judged_has_no_limit() -> None:
    policy = POLICY.model_copy(update={"errors": Errors(mode="off")})
    assert judged(stretch(0, 600, WELL), policy=policy).evidence["errors"] == (0.0, math.inf)


MILLION = 1_000_000
HUGE = counts(side(MILLION), side(9 * MILLION))


def assert_sound(decision: Decision) -> None:
    """JSON can tell it, all evidence is a number, and it is one sentence."""
    json.dumps(packed(decision), allow_nan=False)
    assert all(math.isfinite(part) for shown in decision.evidence.values() for part in shown)
    assert 0 <= decision.weight <= 1
    assert "\n" not in decision.reason
    assert "nan" not in decision.reason


@pytest.mark.parametrize("weight", [0.001, 0.1, 0.999], ids=str)
@pytest.mark.parametrize("error_rate", [0.0, 0.5, 1.0, math.nan], ids=str)
@pytest.mark.parametrize(
    "told",
    [
        pytest.param(counts({}, {}), id="nothing"),
        pytest.param(counts(side(1), {}), id="one request"),
        pytest.param(counts(side(100, errors=100, warm=0), {}), id="only the candidate, which fails"),
        pytest.param(counts(side(100, errors=100, warm=0), side(900, errors=900, warm=0)), id="all fails"),
        pytest.param(counts({}, side(900, errors=900, warm=0)), id="only the baseline, which fails"),
        pytest.param(HUGE, id="a million requests"),
        pytest.param(counts(side(MILLION, errors=MILLION), side(9 * MILLION)), id="a million errors"),
        pytest.param(counts(side(100, slow=100, very_slow=100), side(900)), id="all slow"),
        pytest.param(counts(side(MILLION), side(MILLION), candidate_shares=(0, 0, 1)), id="a million others"),
        pytest.param(counts(side(5, errors=9, slow=9, refused=9), side(9)), id="more than there can be"),
    ],
)
@pytest.mark.parametrize("kind", ["sequential", "naive"])
def test_whatever_comes_makes_a_decision(told: np.ndarray, error_rate: float, weight: float, kind: str) -> None:
    policy = POLICY.model_copy(update={"steps": (Step(weight=weight),)})
    policy = policy if kind == "sequential" else policy.naive()
    decision = judge(policy, fresh(policy, error_rate=error_rate), [stretch(0, 600, told, weight)])
    assert_sound(decision)


def test_a_window_after_hours_of_nothing_makes_a_decision() -> None:
    decision = judged(measurement(60), measurement(5000), measurement(5340, windows(5280, 5340, HUGE)))
    assert_sound(decision)
    assert decision.verdict == Verdict.HOLD
