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

import serinus.rollout
from serinus.canary.measurement import CANDIDATE, Check, Ints, Measurement, Window, check_of
from serinus.canary.state import State, begun
from serinus.canary.trees import mapped, packed
from serinus.policy import Drift, Errors, Health, Latency, Policy, Watch
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
    check = (check_of(BAKE_S, failed=False),)
    before, after = (
        judge(policy, fresh(policy), [Measurement(2000.0, (2000.0, until_s), tuple(told), check)])
        for until_s in (BAKE_S - 1.0, float(BAKE_S))
    )
    assert (before.verdict, after.verdict) == (HOLD, ADVANCE)


def test_a_failing_release_is_rolled_back_within_minutes() -> None:
    decision = judged(stretch(0, 120, FAILING))
    assert (decision.verdict, decision.weight, decision.is_over) == (ROLLBACK, 0.0, True)


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
    assert (unchecked.verdict, unchecked.reason) == (HOLD, "golden rows were not right lately in this step: hold")


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


@pytest.mark.parametrize("lag_s", [0, 60, 300], ids=str)
@pytest.mark.parametrize("how", ["extend", "raise", "abort"])
def test_evidence_that_comes_late_is_waited_for(how: str, lag_s: int) -> None:
    policy, told = changed(without_evidence=how), windows(0, BAKE_S, WELL)
    complete_s, checks = float(BAKE_S - lag_s), (check_of(BAKE_S, failed=False),)
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
        pytest.param(measurement(BAKE_S + 1, (), [check_of(BAKE_S + 1, failed=True)]), id="golden rows are wrong"),
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


@pytest.mark.parametrize(
    "uneven",
    [
        pytest.param(counts(side(40, errors=40, warm=0), side(60)), id="too many for the candidate"),
        pytest.param(counts(side(10, errors=10, warm=0), side(400)), id="too few for the candidate"),
        pytest.param(counts(side(10, errors=10, warm=0), {}), id="the baseline's are lost"),
    ],
)
def test_requests_that_are_shared_out_otherwise_void_what_screams(uneven: Ints) -> None:
    decision = judged(stretch(0, 600, uneven))
    assert (decision.verdict, decision.weight, decision.alerts) == (HOLD, 0.1, ("SAMPLE_RATIO",))
    assert decision.evidence["errors"][0] > decision.evidence["errors"][1]


def test_a_sample_ratio_that_is_wrong_beyond_doubt_voids_the_step_while_it_lasts() -> None:
    broken = judged(stretch(0, 3 * BAKE_S - 60, counts(side(40), side(60))))
    assert (broken.verdict, broken.alerts) == (HOLD, ("SAMPLE_RATIO",))
    assert judge(POLICY, broken.state, [measurement(3 * BAKE_S)]).verdict == ABORT


def test_once_requests_are_shared_out_as_set_again_the_step_bakes_anew() -> None:
    broken = judged(stretch(0, 60, counts(side(40, errors=40, warm=0), side(60))))
    mended = judge(POLICY, broken.state, [stretch(60, 660, WELL)])
    assert not mended.state.broken
    since_s = float(mended.state.since_s)
    assert 300 < since_s <= 660
    early, baked = (
        judge(POLICY, mended.state, [stretch(660, int(since_s) + more, WELL)]) for more in (BAKE_S - 60, BAKE_S)
    )
    assert (early.verdict, baked.verdict) == (HOLD, ADVANCE)


def test_a_step_that_bakes_anew_keeps_its_deadline() -> None:
    broken = judged(stretch(0, 60, counts(side(40), side(60))))
    mended = judge(POLICY, broken.state, [stretch(60, 660, WELL)])
    assert judge(POLICY, mended.state, [measurement(3 * BAKE_S)]).verdict == ABORT


def test_a_sample_ratio_that_looks_wrong_only_holds() -> None:
    held = judged(measurement(BAKE_S, [window(0, counts(side(60), side(300)))]))
    assert np.log(POLICY.uneasy) < float(held.state.evidence.sides.log_e) < np.log(10_000)
    assert (held.verdict, held.alerts) == (HOLD, ())
    assert judge(POLICY, held.state, [stretch(BAKE_S, 3 * BAKE_S - 60, WELL)]).verdict == ADVANCE


def test_golden_rows_roll_back_though_the_sample_ratio_is_wrong() -> None:
    checks = [check_of(at_s, failed=True) for at_s in (10, 15, 20)]
    told = measurement(300, windows(0, 300, counts(side(40), side(60))), checks)
    decision = judged(told)
    assert (decision.verdict, decision.alerts) == (ROLLBACK, ("SAMPLE_RATIO",))


def test_somebody_who_moved_the_alias_voids_what_was_found() -> None:
    told = [*windows(0, 300, FAILING), window(300, FAILING, 0.5)]
    decision = judged(measurement(360, told))
    assert (decision.verdict, decision.alerts) == (HOLD, ("ELSEWHERE",))
    assert decision.reason == "the alias is not at the weight that was set: hold"


def test_what_was_found_holds_again_when_the_alias_is_back() -> None:
    moved = judged(measurement(360, [*windows(0, 300, FAILING), window(300, FAILING, 0.5)]))
    assert judge(POLICY, moved.state, [measurement(420, [window(360, WELL)])]).verdict == ROLLBACK


def watched(told: Ints, policy: Policy = POLICY, *checks: Check) -> Decision:
    since_s = 3 * BAKE_S
    return judge(
        policy, promoted(policy), [measurement(since_s + 600, windows(since_s, since_s + 600, told, 1.0), checks)]
    )


def test_a_promoted_release_is_watched_on() -> None:
    decision = watched(ALL)
    assert (decision.verdict, decision.weight, decision.alerts) == (HOLD, 1.0, ())
    assert decision.reason == "watched for 0.2 of 24 hours: hold"


def test_silence_after_promotion_does_nothing() -> None:
    decision = judge(POLICY, promoted(), [measurement(48 * 3600)])
    assert (decision.verdict, decision.weight, decision.alerts) == (HOLD, 1.0, ())


def test_errors_after_promotion_are_told_and_do_not_roll_back() -> None:
    decision = watched(counts(side(100, errors=20, warm=80), {}))
    assert (decision.verdict, decision.weight, decision.alerts) == (HOLD, 1.0, ("FAILING",))
    assert decision.reason == "fails 20.00% (200 of 1,000), with no other release beside it: hold"


def test_errors_after_promotion_roll_back_where_that_is_asked_for() -> None:
    policy = changed(watch=Watch(errors="rollback"))
    decision = watched(counts(side(100, errors=20, warm=80), {}), policy)
    assert (decision.verdict, decision.weight) == (ROLLBACK, 0.0)
    assert decision.reason == "fails 20.00% (200 of 1,000), with no other release beside it: rolled back"


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(counts(side(100, slow=90, very_slow=90), {}), id="slow"),
        pytest.param(counts(side(100), {}, candidate_shares=(0, 0, 1)), id="other answers"),
        pytest.param(counts(side(100, slow=90), side(100)), id="slow beside one that is still there"),
        pytest.param(counts(side(100), side(100), candidate_shares=(0, 0, 1)), id="other answers than one still there"),
    ],
)
@pytest.mark.parametrize("errors", ["alert", "rollback"])
def test_after_promotion_nothing_relative_rolls_back(told: Ints, errors: str) -> None:
    assert watched(told, changed(watch=Watch(errors=errors))).verdict == HOLD


@pytest.mark.parametrize("others_failed", [False, True], ids=["alone", "with the release before it"])
def test_wrong_golden_rows_after_promotion_roll_back_unless_both_are(others_failed: bool) -> None:
    checks = [check_of(3 * BAKE_S + 60 * n, failed=True, others_failed=others_failed) for n in range(1, 4)]
    decision = watched(ALL, POLICY, *checks)
    assert decision.verdict == (HOLD if others_failed else ROLLBACK)
    assert decision.alerts == (("BOTH_UNHEALTHY",) if others_failed else ())


def test_plain_thresholds_promote_on_silence() -> None:
    naive = POLICY.naive()
    decision = judged(measurement(BAKE_S), policy=naive)
    assert (decision.verdict, decision.weight) == (ADVANCE, 0.5)


def test_plain_thresholds_are_not_voided() -> None:
    decision = judged(stretch(0, 600, counts(side(40, errors=40, warm=0), side(60))), policy=POLICY.naive())
    assert decision.verdict == ROLLBACK


def test_a_plain_threshold_among_tests_still_asks_for_requests() -> None:
    mixed = changed(errors=Errors(mode="naive"))
    assert judged(little(), policy=mixed).verdict == HOLD
    assert judged(stretch(0, BAKE_S, WELL), policy=mixed).verdict == ADVANCE


def test_what_is_not_judged_does_not_roll_back() -> None:
    off = changed(**{name: kind(mode="off") for name, kind in TRIGGERS.items()})
    checks = [check_of(at_s, failed=True) for at_s in range(0, 100, 10)]
    assert judged(stretch(0, 600, FAILING), measurement(600, (), checks), policy=off).verdict == HOLD


@pytest.mark.parametrize("name", ["errors", "latency", "drift"])
def test_a_trigger_that_is_off_holds_nothing_up(name: str) -> None:
    bad = {
        "errors": counts(side(10, errors=1, warm=9), side(90, errors=9, warm=81)),
        "latency": counts(side(10, warm=0), side(90)),
        "drift": counts(side(10), side(90), candidate_shares=(2, 3, 5)),
    }[name]
    told, off = stretch(0, BAKE_S, bad), changed(**{name: TRIGGERS[name](mode="off")})
    assert (judged(told).verdict, judged(told, policy=off).verdict) == (HOLD, ADVANCE)


TRIGGERS: Mapping[str, Any] = {"errors": Errors, "latency": Latency, "drift": Drift, "health": Health}


STORIES: Mapping[str, Callable[[int], Ints]] = {
    "healthy": lambda at_s: WELL,
    "failing": lambda at_s: counts(side(10, errors=2, warm=8), side(90, errors=1, warm=89)),
    "both failing": lambda at_s: counts(side(10, errors=1, warm=9), side(90, errors=9, warm=81)),
    "slow": lambda at_s: counts(side(10, slow=4, started=1), side(90, slow=4)),
    "drifting": lambda at_s: counts(side(10), side(90), candidate_shares=(1, 2, 7)),
    "uneven": lambda at_s: counts(side(30), side(70)),
    "silent": lambda at_s: np.zeros_like(WELL),
    "rare": lambda at_s: WELL if at_s % 600 == 0 else np.zeros_like(WELL),
}


def test_a_rollout_among_many_is_judged_as_it_is_alone_bit_for_bit() -> None:
    policy, runs = changed(without_evidence="raise"), len(STORIES)
    known = [references(error_rate=0.002 * n) for n in range(runs)]
    states = [begun(policy, one, 0.0, len(SHARES)) for one in known]
    together = begun(policy, joined(known), 0.0, len(SHARES), (runs,))
    for since_s in range(0, 3600, 300):
        told = [
            measurement(
                since_s + 300,
                [
                    Window(at_s, state.weight, scaled(story(at_s), float(state.weight)))
                    for at_s in range(since_s, since_s + 300, 60)
                ],
                [check_of(since_s + 295, failed=n == 6)],
            )
            for n, (state, story) in enumerate(zip(states, STORIES.values(), strict=True))
        ]
        alone = [judge(policy, state, [one]) for state, one in zip(states, told, strict=True)]
        seen, together = look(policy, together, [joined(told)])
        for n, decision in enumerate(alone):
            assert int(seen.verdict[n]) == decision.verdict
            assert json.dumps(packed(part(together, n))) == json.dumps(packed(decision.state))
        states = [decision.state for decision in alone]
    assert len({int(state.step) for state in states}) > 1
    assert len({float(state.weight) for state in states}) > 2


def joined(trees: list[Any]) -> Any:
    """Alike rollouts, side by side on a leading axis."""
    return mapped(lambda *arrays: np.stack(arrays), *trees)


def part(tree: State, n: int) -> State:
    return mapped(lambda array: array[n], tree)


def scaled(told: Ints, weight: float) -> Ints:
    """As much of the traffic, shared out by another weight than 10 %."""
    share = np.array([weight / 0.1, (1 - weight) / 0.9])
    return np.round(told * share[:, None]).astype(np.int64)


HEAVY = ("onnxruntime", "scipy", "boto3", "fastapi", "matplotlib")
ROOT = Path(serinus.rollout.__file__).parent
SOURCES = [ROOT / "rollout.py", ROOT / "evidence.py", *sorted((ROOT / "canary").glob("*.py"))]
sources = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)


def test_the_judge_loads_nothing_heavy() -> None:
    told = f"import sys; import serinus.rollout; print([name for name in {HEAVY} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", told], cwd=ROOT.parent, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@sources
def test_no_function_of_the_judge_is_long(source: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.FunctionDef)]
    assert [f.name for f in functions if (f.end_lineno or 0) - f.lineno + 1 > 30] == []


@sources
def test_the_judge_reads_no_clock_and_throws_no_dice(source: Path) -> None:
    nodes = list(ast.walk(ast.parse(source.read_text())))
    imported = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert {name.split(".")[0] for name in imported} & {"time", "datetime", "random", "secrets", "os"} == set()
    assert used & {"random", "default_rng", "now", "time"} == set()
