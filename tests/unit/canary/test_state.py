"""What was measured makes the state, and not when, in what order or how often it was read."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serinus.canary.absorbing import REMEMBERED_S, absorbed
from serinus.canary.measurement import BASELINE, CANDIDATE, KINDS, Ints, Kind, Measurement, Window, check_of, counts_of
from serinus.canary.state import References, State, begun, error_rates
from serinus.canary.trees import packed
from serinus.policy import Drift, Policy
from serinus.rollout import judge
from tests.unit.canary.told import (
    POLICY,
    SHARES,
    WELL,
    WINDOW_S,
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

TOLD_S = 1200  # twenty windows
BY_TELLING = ("read_at_s", "late")
by_chance = settings(derandomize=True, deadline=None, max_examples=30)


def requests(state: State) -> list[int]:
    return state.evidence.totals[:, Kind.REQUESTS].tolist()


def known(state: State) -> str:
    """All of it, bit for bit, but for what depends on when it was read."""
    return json.dumps({name: part for name, part in packed(state).items() if name not in BY_TELLING})


def by_chance_counted(seed: int) -> list[Window]:
    """Windows of two changing releases, some of them missing, some straddling a change of the weight."""
    rng = np.random.default_rng(seed)
    told = []
    for start_s in range(0, TOLD_S, WINDOW_S):
        tried = rng.poisson([10, 90])
        failed = rng.binomial(tried, [0.2, 0.01])
        ways = rng.multinomial(tried - failed, [0.5, 0.3, 0.2])
        sides = [{"requests": int(n), "errors": int(x), "warm": int(n - x)} for n, x in zip(tried, failed, strict=True)]
        weight = np.nan if rng.random() < 0.1 else 0.1
        of_window = counts_of(*sides, len(SHARES), candidate_answers=ways[0], baseline_answers=ways[1])
        if rng.random() < 0.9:
            told.append(window(start_s, of_window, weight))
    return told


def apart(one: Window) -> list[Window]:
    """What each release tells of a window by itself."""
    sides = []
    for other in (BASELINE, CANDIDATE):
        told = one.counts.copy()
        told[other] = 0
        sides.append(Window(one.start_s, one.weight, told))
    return sides


@st.composite
def tellings(draw: st.DrawFn) -> tuple[list[Window], list[list[Measurement]]]:
    """Windows, and polls that tell them: in any order, some twice, some side by side, complete when all was told."""
    told = by_chance_counted(draw(st.integers(0, 9)))
    pieces = [piece for one in told for piece in (apart(one) if draw(st.booleans()) else [one])]
    again = draw(st.lists(st.sampled_from(pieces), max_size=10))
    shuffled = draw(st.permutations([*pieces, *again]))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    parts = [shuffled[start:end] for start, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    polls, is_ahead = [], draw(st.booleans())
    for number, part in enumerate(parts):
        rest = [one.start_s for later in parts[number + 1 :] for one in later]
        until_s = float(min(rest, default=TOLD_S))
        sides = (until_s, float(TOLD_S)) if is_ahead else (float(TOLD_S), until_s)
        polls.append([Measurement(float(TOLD_S + number), sides, tuple(part))])
    return told, polls


@by_chance
@given(tellings())
def test_windows_told_in_any_order_and_any_portions_make_the_same_state(
    telling: tuple[list[Window], list[list[Measurement]]],
) -> None:
    told, polls = telling
    at_once = absorbed(POLICY, fresh(), [measurement(TOLD_S, told)])
    state = fresh()
    for poll in polls:
        state = absorbed(POLICY, state, poll)
    assert known(state) == known(at_once)
    assert state.late == 0


@by_chance
@given(tellings())
def test_the_judge_says_the_same_of_them(telling: tuple[list[Window], list[list[Measurement]]]) -> None:
    told, polls = telling
    at_once = judged(measurement(TOLD_S, told))
    together = judged(*(one for poll in polls for one in poll))
    assert (together.verdict, together.reason, together.evidence) == (at_once.verdict, at_once.reason, at_once.evidence)


def test_nothing_is_judged_before_both_sides_are_complete() -> None:
    told = windows(0, 600, WELL)
    state = absorbed(POLICY, fresh(), [Measurement(600.0, (600.0, 299.0), told)])
    assert (state.until_s, requests(state)) == (240.0, [40, 360])
    assert requests(absorbed(POLICY, state, [Measurement(660.0, (300.0, 300.0))])) == [50, 450]


def test_sides_that_are_complete_by_turns_are_complete_together() -> None:
    told = windows(0, 600, WELL)
    by_turns = [Measurement(600.0, (600.0, 0.0), told), Measurement(600.0, (0.0, 600.0))]
    assert requests(absorbed(POLICY, fresh(), by_turns)) == [100, 900]


def test_a_window_that_is_not_told_had_no_traffic() -> None:
    zero = absorbed(POLICY, fresh(), [measurement(600, windows(0, 600, np.zeros_like(WELL)))])
    silent = absorbed(POLICY, fresh(), [measurement(600)])
    assert json.dumps(packed(zero.evidence)) == json.dumps(packed(silent.evidence))
    assert silent.until_s == 600


def test_a_window_told_after_it_was_judged_is_not_counted_and_is_told_of() -> None:
    before = judged(measurement(600, windows(0, 540, WELL)))
    after = judge(POLICY, before.state, [measurement(660, [window(540, WELL)])])
    assert requests(after.state) == requests(before.state) == [90, 810]
    assert (before.alerts, after.alerts) == ((), ("LATE",))


def test_a_window_that_grew_after_it_was_judged_is_not_counted_and_is_told_of() -> None:
    before = judged(measurement(600, windows(0, 600, WELL)))
    after = judge(POLICY, before.state, [measurement(600, [window(540, WELL + 1)])])
    assert requests(after.state) == requests(before.state)
    assert after.alerts == ("LATE",)


def test_a_window_told_again_unchanged_is_passed_over() -> None:
    told = measurement(600, windows(600 - REMEMBERED_S, 600, WELL))
    before = judged(told)
    after = judge(POLICY, before.state, [told, measurement(660)])
    assert (requests(after.state), after.alerts) == (requests(before.state), ())


@pytest.mark.parametrize("weight", [np.nan, 0.5, 0.1001], ids=["changed meanwhile", "another", "nearly the same"])
def test_a_window_at_another_weight_is_not_counted(weight: float) -> None:
    told = [*windows(0, 540, WELL), window(540, 100 * WELL, weight)]
    assert requests(absorbed(POLICY, fresh(), [measurement(600, told)])) == [90, 810]


@pytest.mark.parametrize(("weight", "elsewhere"), [(np.nan, False), (0.5, True)], ids=["changed meanwhile", "another"])
def test_another_weight_means_that_somebody_moved_the_alias(weight: float, elsewhere: bool) -> None:
    state = absorbed(POLICY, fresh(), [measurement(600, [*windows(0, 540, WELL), window(540, WELL, weight)])])
    assert bool(state.elsewhere) is elsewhere


def test_the_alias_is_back_when_a_window_has_the_right_weight_again() -> None:
    told = [window(0, WELL, 0.5), window(60, WELL)]
    assert not absorbed(POLICY, fresh(), [measurement(120, told)]).elsewhere


def test_a_window_in_which_the_rollout_began_is_not_counted() -> None:
    state = begun(POLICY, references(), 30.5, len(SHARES))
    assert requests(absorbed(POLICY, state, [measurement(120, windows(0, 120, WELL))])) == [10, 90]


def test_windows_of_a_step_that_is_over_do_not_count_in_the_next() -> None:
    told = windows(0, 1920, WELL)
    advanced = judged(Measurement(1920.0, (1800.0, 1800.0), told, (check_of(1790, failed=False),)))
    state = absorbed(POLICY, advanced.state, [measurement(1980, [window(1920, WELL, 0.5)])])
    assert (float(state.since_s), requests(state)) == (1920.0, [10, 90])
    assert not state.elsewhere


def test_references_of_another_release_change_what_is_tolerated() -> None:
    few = counts(side(10, errors=1, warm=9), side(90))
    told = [stretch(0, 600, few)]
    usual, failing = (absorbed(POLICY, fresh(error_rate=rate), told).evidence.alone for rate in (0.001, 0.1))
    assert (usual.log_e > failing.log_e).all()


@pytest.mark.parametrize(
    ("told_s", "failures", "others"),
    [
        pytest.param([10, 20, 30], 3, 0, id="in order"),
        pytest.param([30, 10, 20], 3, 0, id="in another order"),
        pytest.param([10, 20, 20, 10, 30], 3, 0, id="twice"),
    ],
)
def test_golden_rows_count_once_and_in_order(told_s: Sequence[int], failures: int, others: int) -> None:
    checks = [check_of(at_s, failed=True) for at_s in told_s]
    state = absorbed(POLICY, fresh(), [measurement(60, (), checks)])
    assert (int(state.failures), int(state.others_failures)) == (failures, others)
    again = absorbed(POLICY, state, [measurement(70, (), checks)])
    assert int(again.failures) == failures


def test_golden_rows_that_were_not_replayed_say_nothing() -> None:
    made = np.array([True, False])
    check = check_of(10, failed=True)
    some = type(check)(10, np.array([True, True]), np.array([False, False]), made)
    known_of = References(np.full(2, 0.01), np.zeros((2, 3), np.int64))
    state = absorbed(POLICY, begun(POLICY, known_of, 0.0, 3, (2,)), [measurement(60, (), [some])])
    assert state.failures.tolist() == [1, 0]


def test_windows_that_were_judged_long_ago_are_forgotten() -> None:
    state = absorbed(POLICY, fresh(), [measurement(TOLD_S, windows(0, TOLD_S, WELL))])
    assert min(state.windows) == TOLD_S - REMEMBERED_S


def test_a_window_after_hours_of_silence_counts() -> None:
    state = absorbed(POLICY, fresh(), [measurement(36_060, [window(36_000, WELL)])])
    assert (state.until_s, requests(state)) == (36_060.0, [10, 90])


def test_the_prior_of_when_harm_begins_is_shared_out_once() -> None:
    state = absorbed(POLICY, fresh(), [measurement(12 * 3600, windows(0, 600, np.zeros_like(WELL)))])
    for growing in (state.evidence.alone, state.evidence.relative, state.evidence.sides):
        assert np.all(growing.waiting >= 0)
        assert np.exp(growing.late).mean(axis=-1) + growing.waiting == pytest.approx(1, abs=1e-12)
        assert growing.log_e == pytest.approx(0, abs=1e-12)


def test_the_last_minutes_are_kept_for_plain_thresholds() -> None:
    told: list[Ints] = [(minute + 1) * WELL for minute in range(8)]
    state = absorbed(POLICY, fresh(), [measurement(480, [window(60 * n, one) for n, one in enumerate(told)])])
    assert [int(one[CANDIDATE, Kind.REQUESTS]) for one in state.recent] == [30, 40, 50, 60, 70, 80]


def test_answers_to_the_same_inputs_count_where_they_are_judged() -> None:
    shadowed = counts(side(10, pairs=10, disagreements=3), side(90))
    paired = POLICY.model_copy(update={"drift": Drift(disagreement=0.02)})
    told = [stretch(0, 600, shadowed)]
    assert np.all(absorbed(POLICY, fresh(), told).evidence.pairs == 0)
    assert np.any(absorbed(paired, fresh(paired), told).evidence.pairs > 0)


def test_answers_are_compared_label_by_label() -> None:
    evidence = absorbed(POLICY, fresh(), [stretch(0, 600, WELL)]).evidence
    assert evidence.labels.shape[0] == len(SHARES)
    assert evidence.totals[CANDIDATE, KINDS:].tolist() == [50, 30, 20]


def test_windows_may_be_shorter_than_a_minute() -> None:
    policy = Policy(window_s=10)
    told = [window(start_s, WELL) for start_s in range(0, 60, 10)]
    state = absorbed(policy, fresh(policy), [Measurement(65.0, (59.0, 65.0), tuple(told))])
    assert (state.until_s, requests(state)) == (50.0, [50, 450])


@pytest.mark.parametrize("weight", [0.0, np.nan], ids=["before", "meanwhile"])
def test_environments_that_start_while_the_weight_changes_are_counted(weight: float) -> None:
    state = begun(POLICY, references(), 30.5, len(SHARES))
    started = window(0, counts(side(10, started=4), side(90)), weight)
    totals = absorbed(POLICY, state, [measurement(60, [started])]).evidence.totals
    assert (totals[CANDIDATE, Kind.STARTED], totals[CANDIDATE, Kind.REQUESTS]) == (4, 0)


def test_nothing_is_complete_before_it_was_read() -> None:
    ahead = Measurement(60.0, (3600.0, 3600.0), tuple(windows(0, 120, WELL)))
    state = absorbed(POLICY, fresh(), [ahead])
    assert (state.until_s, requests(state)) == (60.0, [10, 90])


def test_windows_from_before_the_weight_was_raised_do_not_mean_that_somebody_moved_the_alias() -> None:
    policy = POLICY.model_copy(update={"without_evidence": "raise"})
    few = [window(start_s, WELL) for start_s in range(0, 1920, 300)]
    raised = judge(policy, fresh(policy), [Measurement(1920.0, (1800.0, 1800.0), tuple(few))])
    assert raised.weight == 0.2
    before = judge(policy, raised.state, [measurement(1860)])
    assert (requests(before.state), before.alerts) == ([60, 540], ())
    after = judge(policy, before.state, [measurement(1980, [window(1920, WELL, 0.2)])])
    assert requests(after.state) == [70, 630]


@pytest.mark.parametrize(("at_s", "checked"), [(1799.0, False), (1800.0, True)], ids=["before", "since"])
def test_golden_rows_have_to_be_right_since_the_step_began(at_s: float, checked: bool) -> None:
    told = judged(stretch(0, 1800, WELL, checked=False), measurement(1800, (), [check_of(1790, failed=False)]))
    state = absorbed(POLICY, told.state, [measurement(1860, (), [check_of(at_s, failed=False)])])
    assert bool(state.checked) is checked


def test_an_unknown_error_rate_is_no_excuse() -> None:
    unknown, low = (error_rates(POLICY, references(error_rate=rate)) for rate in (np.nan, 0.0))
    assert unknown == low == (0.01, 0.05)


@pytest.mark.parametrize("rate", [0.2, 0.9, 1.0], ids=str)
def test_a_release_that_fails_often_raises_what_is_too_much_and_never_up_to_all(rate: float) -> None:
    tolerated, limit = error_rates(POLICY, references(error_rate=rate))
    assert min(rate, 0.99) == tolerated < limit < 1
