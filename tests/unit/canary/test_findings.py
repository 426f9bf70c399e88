"""What each trigger makes of hand-made counts, around thresholds worked out by hand."""

from math import ceil, log

import numpy as np
import pytest

from serinus.canary.absorbing import absorbed
from serinus.canary.findings import Finding, drift, errors, health, latency, off
from serinus.canary.limits import limits
from serinus.canary.measurement import Ints, check_of, counts_of
from serinus.canary.state import State, begun
from serinus.policy import Drift, Errors, Latency, Policy
from serinus.samples import least_answers
from tests.unit.canary.told import POLICY, SHARES, counts, fresh, measurement, references, side, window

ASKED, NOT_ASKED = np.asarray(True), np.asarray(False)
NEEDED = limits(POLICY)
FAILING, PASSING = log(0.05 / 0.01), log(0.95 / 0.99)  # of one request, in Wald's test of 5 % against 1 %


def after(*told: Ints, policy: Policy = POLICY, state: State | None = None) -> State:
    """After windows a second past a minute, so that all harm began at the start or not yet."""
    windows = [window(60 * n, one) for n, one in enumerate(told)]
    return absorbed(policy, fresh(policy) if state is None else state, [measurement(60 * len(told), windows)])


def said(found: Finding) -> list[str]:
    return [name for name in ("guilty", "proven", "uneasy", "shared") if bool(getattr(found, name))]


def failed(candidate: int, baseline: int, requests: int = 100, others: int = 900) -> State:
    return after(
        counts(
            side(requests, errors=candidate, warm=requests - candidate),
            side(others, errors=baseline, warm=others - baseline),
        )
    )


def slow(candidate: int, baseline: int, of: tuple[int, int] = (100, 900), **more: int) -> State:
    return after(counts(side(of[0], slow=candidate, started=3) | more, side(of[1], slow=baseline)))


def labelled(candidate: list[int], baseline: list[int], policy: Policy = POLICY, known: object = None) -> State:
    told = counts_of(
        {"requests": sum(candidate)},
        {"requests": sum(baseline)},
        len(candidate),
        candidate_answers=candidate,
        baseline_answers=baseline,
    )
    reference = references(known=[0] * len(candidate) if known is None else known)  # type: ignore[arg-type]  # a list
    return after(told, policy=policy, state=begun(policy, reference, 0.0, len(candidate)))


def relative(on_candidate: int, on_baseline: int, tolerated: float, weight: float = 0.1) -> float:
    """The e-value of bad events, half of it for harm from the start, one minute of ninety for harm from the minute."""
    ratios = [tolerated * times for times in (1.5, 2, 4, 8, 16, 32)]
    shares = [weight * r / (weight * r + 1 - weight) for r in (tolerated, *ratios)]
    grown = [(s / shares[0]) ** on_candidate * ((1 - s) / (1 - shares[0])) ** on_baseline for s in shares[1:]]
    mean = sum(grown) / len(grown)
    return mean / 2 + (mean / 90 + 89 / 90) / 2


@pytest.mark.parametrize(("candidate", "baseline"), [(3, 0), (8, 1), (12, 20), (0, 30)], ids=str)
def test_the_evidence_on_errors_is_what_is_worked_out_by_hand(candidate: int, baseline: int) -> None:
    found = errors(POLICY, failed(candidate, baseline), NOT_ASKED)
    assert float(found.e) == pytest.approx(log(relative(candidate, baseline, 1.5)), abs=1e-9)
    assert float(found.limit) == pytest.approx(log(1 / (0.004 * 0.5 * 0.3 * 4 / 7)))


def test_so_many_errors_more_than_the_baseline_are_guilt_and_one_less_is_not() -> None:
    needed = next(n for n in range(1, 30) if log(relative(n, 0, 1.5)) >= NEEDED.relative[0])
    wide = {"requests": 2000, "others": 18_000}  # so many that they are no failing by themselves
    assert not errors(POLICY, failed(needed - 1, 0, **wide), NOT_ASKED).guilty
    assert errors(POLICY, failed(needed, 0, **wide), NOT_ASKED).guilty
    assert float(after_alone(needed, 2000)) < 0


def after_alone(events: int, of: int) -> float:
    """The log of Wald's likelihood ratio."""
    return events * FAILING + (of - events) * PASSING


def test_failing_too_much_is_guilt_only_with_evidence_against_the_baseline_at_the_same_time() -> None:
    requests, events = 20, 6
    assert after_alone(events, requests) + log(0.5) > NEEDED.alone[0]
    assert log(POLICY.attributed) <= log(relative(events, 1, 1.5)) < NEEDED.relative[0]
    assert said(errors(POLICY, failed(events, 1, requests, 180), NOT_ASKED)) == ["guilty", "uneasy"]
    assert log(relative(events, 5, 1.5)) < log(POLICY.attributed)
    assert said(errors(POLICY, failed(events, 5, requests, 180), NOT_ASKED)) == ["uneasy"]


def test_evidence_against_the_baseline_that_came_and_went_does_not_count_with_failing_later() -> None:
    lucky = counts(side(100, errors=5, warm=95), side(900))
    shared = counts(side(100, errors=8, warm=92), side(900, errors=72, warm=828))
    early = errors(POLICY, after(lucky), NOT_ASKED)
    assert float(early.e) >= log(POLICY.attributed)
    assert said(errors(POLICY, after(lucky, *[shared] * 5), NOT_ASKED)) == ["uneasy", "shared"]


def test_an_incident_of_both_releases_is_shared() -> None:
    assert said(errors(POLICY, failed(20, 180), NOT_ASKED)) == ["uneasy", "shared"]


@pytest.mark.parametrize("kind", ["refused", "throttled"])
def test_what_is_not_the_releases_fault_is_no_error(kind: str) -> None:
    bad = after(counts(side(100, warm=0, **{kind: 100}), side(900)))
    found = errors(POLICY, bad, ASKED)
    assert not found.guilty
    assert float(found.e) == pytest.approx(0, abs=1e-9)


def test_refused_requests_prove_nothing() -> None:
    assert said(errors(POLICY, after(counts(side(500, warm=0, refused=500), side(4500))), ASKED)) == []


@pytest.mark.parametrize("events", [0, 1, 2], ids=str)
def test_walds_test_passes_where_it_is_worked_out_to(events: int) -> None:
    enough = ceil((events * (FAILING - PASSING) - log(0.05)) / -PASSING)
    passed, short = (failed(events, 0, requests=n, others=9 * n) for n in (enough, enough - 1))
    assert (bool(errors(POLICY, passed, NOT_ASKED).proven), bool(errors(POLICY, short, NOT_ASKED).proven)) == (
        True,
        False,
    )


def test_the_exact_bound_proves_where_walds_test_does_not_yet() -> None:
    state = failed(2, 18, requests=124, others=1116)
    assert not errors(POLICY, state, NOT_ASKED).proven
    assert errors(POLICY, state, ASKED).proven
    assert not errors(POLICY, failed(2, 18, requests=123, others=1107), ASKED).proven


def test_more_errors_are_tolerated_where_the_running_release_has_more() -> None:
    told = counts(side(500, errors=20, warm=480), side(4500, errors=180, warm=4320))
    usual, more = (errors(POLICY, after(told, state=fresh(error_rate=rate)), ASKED) for rate in (0.005, 0.04))
    assert (bool(usual.proven), bool(more.proven)) == (False, True)


def test_another_tolerated_ratio_asks_for_more() -> None:
    lax = POLICY.model_copy(update={"errors": Errors(ratio=10)})
    told = counts(side(500, errors=12, warm=488), side(4500, errors=20, warm=4480))
    assert (
        float(errors(lax, after(told, policy=lax), NOT_ASKED).e)
        < log(20)
        < float(errors(POLICY, after(told), NOT_ASKED).e)
    )


@pytest.mark.parametrize(("candidate", "baseline"), [(10, 5), (30, 45), (20, 90)], ids=str)
def test_the_evidence_on_slowness_is_what_is_worked_out_by_hand(candidate: int, baseline: int) -> None:
    found = latency(POLICY, slow(candidate, baseline), NOT_ASKED)
    assert float(found.e) == pytest.approx(log(relative(candidate, baseline, 3.0)), abs=1e-9)
    assert float(found.limit) == pytest.approx(log(1 / (0.004 * 0.25 / 2 * 4 / 7)))


@pytest.mark.parametrize(
    ("state", "told"),
    [
        pytest.param(slow(5, 45), ["proven"], id="as fast"),
        pytest.param(slow(13, 45), [], id="30 percent slower"),
        pytest.param(slow(80, 90, of=(200, 1800)), ["guilty", "uneasy"], id="twice as slow"),
        pytest.param(slow(40, 360), [], id="both slow"),
        pytest.param(slow(5, 45, very_slow=2), ["proven"], id="a few very slow"),
        pytest.param(slow(10, 45, very_slow=9), ["guilty", "uneasy"], id="a tail of its own"),
    ],
)
def test_slowness_is_guilt_where_it_is_the_candidates_own(state: State, told: list[str]) -> None:
    assert said(latency(POLICY, state, NOT_ASKED if "proven" not in told else ASKED)) == told


def test_a_tail_has_a_tolerance_of_its_own() -> None:
    found = latency(POLICY, slow(0, 0, very_slow=9), NOT_ASKED)
    assert float(found.e) == pytest.approx(log(relative(9, 0, 2.0)), abs=1e-9)


def test_a_tail_of_fewer_than_one_in_a_hundred_does_not_matter() -> None:
    many = after(counts(side(1000, very_slow=9, started=3), side(9000)))
    assert said(latency(POLICY, many, ASKED)) == ["proven"]


def test_cold_answers_are_not_slow_ones() -> None:
    cold = after(counts(side(100, warm=60, started=40), side(900)))
    assert said(latency(POLICY, cold, ASKED)) == ["proven"]


@pytest.mark.parametrize(("started", "told"), [(2, ["uneasy", "shared"]), (3, ["guilty", "uneasy"])], ids=["2", "3"])
def test_slowness_in_few_environments_is_that_of_the_machine(started: int, told: list[str]) -> None:
    assert said(latency(POLICY, slow(80, 90, of=(200, 1800), started=started), NOT_ASKED)) == told


@pytest.mark.parametrize(("warm", "proven"), [(14, True), (13, False)], ids=["just enough", "one too few"])
def test_few_slow_answers_are_proven_below_four_times_the_usual(warm: int, proven: bool) -> None:
    """0 of n bound the rate below 4 x 5 % with confidence 0.95 from n = 14 on."""
    assert bool(latency(POLICY, slow(0, 0, of=(warm, 9 * warm)), ASKED).proven) is proven


def test_no_warm_answer_proves_nothing() -> None:
    assert said(latency(POLICY, after(counts(side(100, warm=0), side(900))), ASKED)) == []


def test_the_bound_on_slowness_may_be_set() -> None:
    strict = POLICY.model_copy(update={"latency": Latency(proven_below=1.1)})
    assert not latency(strict, slow(5, 45), ASKED).proven


@pytest.mark.parametrize(
    ("candidate", "told"),
    [
        pytest.param([50, 30, 20], ["proven"], id="alike"),
        pytest.param([30, 30, 40], [], id="a little otherwise"),
        pytest.param([10, 20, 70], ["guilty"], id="much otherwise"),
        pytest.param([0, 0, 100], ["guilty"], id="always the same"),
    ],
)
def test_other_answers_are_guilt_where_they_differ_certainly_and_by_much(candidate: list[int], told: list[str]) -> None:
    assert said(drift(POLICY, labelled(candidate, [450, 270, 180]), NOT_ASKED)) == told


def test_a_small_difference_that_is_certain_is_no_guilt() -> None:
    found = drift(POLICY, labelled([3000, 3000, 4000], [45_000, 27_000, 18_000]), NOT_ASKED)
    assert float(found.e) > float(found.limit)
    assert said(found) == []


def test_a_large_difference_of_few_answers_is_no_guilt() -> None:
    assert said(drift(POLICY, labelled([0, 0, 29], [450, 270, 180]), NOT_ASKED)) == []


@pytest.mark.parametrize(
    ("candidate", "told"), [((18, 6, 5), []), ((19, 6, 5), ["proven"])], ids=["29 answers", "30 answers"]
)
def test_likeness_is_proven_by_enough_answers(candidate: tuple[int, ...], told: list[str]) -> None:
    assert said(drift(POLICY, labelled([*candidate], [3000, 1000, 850]), NOT_ASKED)) == told


def test_many_kinds_need_as_many_answers_as_chance_asks_for() -> None:
    kinds, baseline = 10, [10_000] * 10
    least = least_answers(kinds, 0.3)
    assert least > 40
    enough, short = ([each] * 9 + [n - 9 * each] for n, each in ((least + 1, least // 10), (least - 1, least // 10)))
    assert said(drift(POLICY, labelled(enough, baseline), NOT_ASKED)) == ["proven"]
    assert said(drift(POLICY, labelled(short, baseline), NOT_ASKED)) == []


def test_other_inputs_of_both_are_told_and_hold_nobody_up() -> None:
    found = drift(POLICY, labelled([10, 20, 70], [90, 180, 630], known=[500, 300, 200]), NOT_ASKED)
    assert said(found) == ["proven", "shared"]


def test_a_difference_while_the_baseline_moved_too_is_held() -> None:
    found = drift(POLICY, labelled([70, 20, 10], [90, 180, 630], known=[500, 300, 200]), NOT_ASKED)
    assert float(found.e) > float(found.limit)
    assert said(found) == ["shared"]


@pytest.mark.parametrize("known", [[0, 0, 0], [9, 9, 11]], ids=["unknown", "hardly known"])
def test_without_a_reference_nothing_is_said_to_have_moved(known: list[int]) -> None:
    assert said(drift(POLICY, labelled([10, 20, 70], [90, 180, 630], known=known), NOT_ASKED)) == ["proven"]


@pytest.mark.parametrize("labels", [[], [100]], ids=["none", "one"])
def test_fewer_than_two_labels_cannot_differ(labels: list[int]) -> None:
    assert said(drift(POLICY, labelled(labels, [9 * n for n in labels]), NOT_ASKED)) == ["proven"]


def paired(disagreements: int, pairs: int = 100, labels: int = len(SHARES)) -> Finding:
    policy = POLICY.model_copy(update={"drift": Drift(disagreement=0.02)})
    answers = [50, 30, 20][:labels]
    told = counts_of(
        {"requests": 100, "pairs": pairs, "disagreements": disagreements},
        {"requests": 900},
        labels,
        candidate_answers=answers,
        baseline_answers=[9 * n for n in answers],
    )
    state = begun(policy, references(known=[0] * labels), 0.0, labels)
    return drift(policy, after(told, policy=policy, state=state), NOT_ASKED)


@pytest.mark.parametrize(
    ("disagreements", "told"),
    [(2, ["proven"]), (9, ["proven", "uneasy"]), (20, ["guilty", "proven", "uneasy"])],
    ids=str,
)
def test_too_many_other_answers_to_the_same_inputs_are_guilt(disagreements: int, told: list[str]) -> None:
    assert said(paired(disagreements)) == told


def test_the_evidence_on_pairs_is_what_is_worked_out_by_hand() -> None:
    rates = [0.02 * times for times in (1.5, 2, 4, 8, 16)] + [(1 + 0.02) / 2]
    grown = [(rate / 0.02) ** 9 * ((1 - rate) / 0.98) ** 91 for rate in rates]
    assert float(paired(9).e) == pytest.approx(log(sum(grown) / len(grown)), abs=1e-9)
    assert float(paired(9).limit) == pytest.approx(log(1 / (0.004 * 0.15 / 2 * 4 / 7)))


@pytest.mark.parametrize("labels", [0, 1], ids=["no labels", "one label"])
def test_answers_to_the_same_inputs_are_judged_without_labels_too(labels: int) -> None:
    assert "guilty" in said(paired(20, labels=labels))


def replayed(*outcomes: tuple[bool, bool]) -> Finding:
    checks = [check_of(10 * n, failed=one, others_failed=other) for n, (one, other) in enumerate(outcomes)]
    return health(POLICY, absorbed(POLICY, fresh(), [measurement(120, (), checks)]), NOT_ASKED)


WRONG, RIGHT, BOTH, OTHER = (True, False), (False, False), (True, True), (False, True)


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        pytest.param([], [], id="never replayed"),
        pytest.param([RIGHT], ["proven"], id="right"),
        pytest.param([WRONG] * 2, ["uneasy"], id="twice wrong"),
        pytest.param([WRONG] * 3, ["guilty", "uneasy"], id="three times wrong"),
        pytest.param([WRONG] * 3 + [RIGHT] * 3, ["guilty", "uneasy"], id="right again too late"),
        pytest.param([WRONG] * 2 + [RIGHT], ["proven"], id="right again in time"),
        pytest.param([WRONG, RIGHT] * 5, ["proven"], id="every other time"),
        pytest.param([BOTH] * 3, ["uneasy", "shared"], id="both"),
        pytest.param([BOTH] * 3 + [RIGHT], ["proven"], id="both, and right again"),
        pytest.param([BOTH] * 3 + [WRONG], ["uneasy", "shared"], id="the other is right again first"),
        pytest.param([BOTH] * 3 + [WRONG] * 3, ["guilty", "uneasy"], id="only the other is right again"),
        pytest.param([BOTH, WRONG] * 3, ["uneasy", "shared"], id="the other every other time"),
        pytest.param([WRONG] * 2 + [BOTH], ["uneasy", "shared"], id="at last both"),
        pytest.param([OTHER] * 3, ["proven"], id="only the other"),
    ],
)
def test_golden_rows_that_are_wrong_in_a_row_are_guilt(outcomes: list[tuple[bool, bool]], told: list[str]) -> None:
    found = replayed(*outcomes)
    assert said(found) == told
    assert float(found.limit) == 3


def test_golden_rows_that_were_right_long_ago_prove_nothing() -> None:
    checks = [check_of(10, failed=False)]
    ages = {
        read_at_s: said(health(POLICY, absorbed(POLICY, fresh(), [measurement(read_at_s, (), checks)]), NOT_ASKED))
        for read_at_s in (310, 311)
    }
    assert ages == {310: ["proven"], 311: []}


def test_golden_rows_of_a_time_that_is_still_to_come_are_not_taken() -> None:
    state = absorbed(POLICY, fresh(), [measurement(60, (), [check_of(61, failed=False)])])
    assert said(health(POLICY, state, NOT_ASKED)) == []
    later = absorbed(POLICY, state, [measurement(120, (), [check_of(90, failed=False)])])
    assert said(health(POLICY, later, NOT_ASKED)) == ["proven"]


def test_what_is_not_judged_is_proven_and_never_guilty() -> None:
    found = off(POLICY, failed(100, 0), NOT_ASKED)
    assert said(found) == ["proven"]
    assert (float(found.e), float(found.limit)) == (0.0, np.inf)
