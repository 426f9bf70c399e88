"""Simulated traffic is what its scenario says it is, within what chance does."""

from math import exp, log
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, poisson

from serinus.canary.measurement import BASELINE, CANDIDATE, KINDS, Ints, Kind
from serinus.policy import Policy
from serinus.simulation.latency import HISTORY, thresholds
from serinus.simulation.meter import Meter
from serinus.simulation.scenario import Behaviour, Scenario
from serinus.simulation.service import PAIRED_MOST, Service, lost

RUNS, RATE, WEIGHT = 400, 600.0, 0.2
WINDOWS_S = range(0, 600, 10)
SELDOM = 1e-6


def opened(rate_per_min: float = RATE, runs: int = RUNS, **scenario: Any) -> Service:
    return Service.opened(Scenario.model_validate(scenario), rate_per_min, runs, np.random.default_rng(7))


def windows(service: Service, *, timed: bool = False) -> NDArray[np.int64]:
    """Counts [windows, runs, 2, F] of ten minutes."""
    counts = []
    for start_s in WINDOWS_S:
        if start_s % 60 == 0:
            service.minute(start_s // 60)
        counts.append(service.window(start_s, 10, np.full(service.runs, WEIGHT), timed=timed))
    return np.array(counts)


def counted(**scenario: Any) -> Ints:
    """Of all runs together: [2, F]."""
    told: Ints = windows(opened(**scenario)).sum(axis=(0, 1))
    return told


def assert_share(part: int, whole: int, share: float) -> None:
    low, high = binom.ppf([SELDOM, 1 - SELDOM], whole, share)
    assert low <= part <= high, f"{part} of {whole}, expected {share:.4f} of them"


def assert_many(requests: int, mean: float) -> None:
    low, high = poisson.ppf([SELDOM, 1 - SELDOM], mean)
    assert low <= requests <= high, f"{requests}, expected {mean:.0f}"


@pytest.fixture(scope="module")
def usual() -> NDArray[np.int64]:
    return windows(opened())


def test_requests_come_at_the_rate_that_is_said(usual):
    assert_many(usual[..., Kind.REQUESTS].sum(), RATE * 10 * RUNS)


def test_requests_of_a_window_spread_as_poisson_ones_do(usual):
    requests = usual[..., Kind.REQUESTS].sum(axis=-1)
    assert requests.var() == pytest.approx(requests.mean(), rel=0.05)


def test_the_candidate_has_its_share_of_them(usual):
    requests = usual[..., Kind.REQUESTS]
    assert_share(requests[..., CANDIDATE].sum(), requests.sum(), WEIGHT)


def test_answers_add_up_to_the_requests_that_did_not_fail(usual):
    answers = usual[..., KINDS:].sum(axis=-1)
    assert (answers == usual[..., Kind.REQUESTS] - usual[..., Kind.ERRORS]).all()


@pytest.mark.parametrize(
    ("side", "errors"),
    [pytest.param(CANDIDATE, 0.1, id="candidate"), pytest.param(BASELINE, 0.02, id="baseline")],
)
def test_each_release_fails_as_often_as_is_said(side, errors):
    counts = counted(baseline={"errors": 0.02}, candidate={"errors": 0.1})[side]
    assert_share(counts[Kind.ERRORS], counts[Kind.REQUESTS], errors)


def test_each_label_is_answered_as_often_as_is_said():
    answers = counted(candidate={"answers": [0.1, 0.3, 0.6]})[:, KINDS:]
    for side, shares in ((CANDIDATE, (0.1, 0.3, 0.6)), (BASELINE, (0.5, 0.3, 0.2))):
        for label, share in enumerate(shares):
            assert_share(answers[side, label], answers[side].sum(), share)


def test_a_label_that_has_all_answers_leaves_none_to_the_others():
    answers = counted(candidate={"answers": [0.0, 1.0, 0.0]})[CANDIDATE, KINDS:]
    assert answers[1] == answers.sum() > 0


def test_what_comes_later_is_not_there_before(usual):
    failed = windows(opened(then={"errors": 1.0}, after_min=5))[..., CANDIDATE, :]
    assert failed[:30, :, Kind.ERRORS].sum() < 0.01 * failed[:30, :, Kind.REQUESTS].sum()
    assert (failed[30:, :, Kind.ERRORS] == failed[30:, :, Kind.REQUESTS]).all()


def test_a_twentieth_of_the_baselines_answers_is_slow(usual):
    slow, warm = (usual[..., BASELINE, kind].sum() for kind in (Kind.SLOW, Kind.WARM))
    assert slow / warm == pytest.approx(0.05, rel=0.02)


@pytest.mark.parametrize("slower", [1.3, 2.0, 3.0])
def test_a_slower_candidate_has_as_many_slow_answers_as_its_latencies_say(slower):
    counts = counted(candidate={"slower": slower})[CANDIDATE]
    expected = 1 - NormalDist().cdf(NormalDist().inv_cdf(0.95) - log(slower) / 0.5)
    assert counts[Kind.SLOW] / counts[Kind.WARM] == pytest.approx(expected, rel=0.03)


def test_very_slow_answers_are_among_the_slow(usual):
    assert (usual[..., Kind.VERY_SLOW] <= usual[..., Kind.SLOW]).all()
    assert (usual[..., Kind.SLOW] <= usual[..., Kind.WARM]).all()


def test_spikes_are_very_slow():
    counts = counted(candidate={"spikes": 0.1})[CANDIDATE]
    assert counts[Kind.VERY_SLOW] / counts[Kind.WARM] == pytest.approx(0.1, rel=0.03)


def test_swings_slow_both_releases_in_the_same_minutes():
    counts = windows(opened(swings=0.5))
    slow = [counts[..., side, Kind.SLOW].reshape(10, 6, RUNS).sum(axis=1).ravel() for side in (CANDIDATE, BASELINE)]
    assert np.corrcoef(slow)[0, 1] > 0.8


def test_environments_that_differ_make_the_candidates_of_some_runs_slow_for_good():
    few = windows(opened(baseline={"environment_sigma": 0.3, "environments": 2}))[..., CANDIDATE, :].sum(axis=0)
    many = windows(opened(baseline={"environment_sigma": 0.3, "environments": 200}))[..., CANDIDATE, :].sum(axis=0)
    spread_of_few, spread_of_many = ((side[:, Kind.SLOW] / side[:, Kind.WARM]).std() for side in (few, many))
    assert spread_of_few > 3 * spread_of_many


def test_cold_answers_are_not_warm():
    counts = counted(candidate={"cold": 0.08})[CANDIDATE]
    well = counts[Kind.REQUESTS] - counts[Kind.ERRORS]
    assert_share(well - counts[Kind.WARM], well, 0.08)


def test_as_many_environments_start_as_there_are(usual):
    assert (usual[..., Kind.STARTED].sum(axis=0) == Behaviour().environments).all()
    assert (usual[..., Kind.STARTED] <= usual[..., Kind.REQUESTS]).all()


def test_throttled_requests_come_beside_the_others():
    counts = counted(both_then={"throttled": 0.1}).sum(axis=0)
    assert_share(counts[Kind.THROTTLED], counts[Kind.REQUESTS], 0.1)


def test_a_wrong_weight_gives_the_candidate_other_traffic_than_was_set():
    requests = counted(real_weight=3)[:, Kind.REQUESTS]
    assert_share(requests[CANDIDATE], requests.sum(), 3 * WEIGHT)


def test_no_weight_gives_more_than_all_traffic():
    assert counted(real_weight=9)[BASELINE, Kind.REQUESTS] == 0


def test_bursty_traffic_has_the_same_mean_and_minutes_that_differ():
    minutes = windows(opened(traffic="bursty"))[..., Kind.REQUESTS].sum(axis=-1).reshape(10, 6, RUNS).sum(axis=1)
    assert minutes.mean() == pytest.approx(RATE, rel=0.1)
    assert minutes.std() > RATE


def test_diurnal_traffic_swells_and_ebbs_around_the_same_mean():
    service, loads = opened(traffic="diurnal", runs=1), []
    for minute in range(1440):
        service.minute(minute)
        loads.append(service.load[0])
    assert np.mean(loads) == pytest.approx(1)
    assert (min(loads), max(loads)) == pytest.approx((0.2, 1.8))


def test_the_candidates_requests_are_paired_at_the_share_that_is_said():
    counts = counted(shadowed=0.3, candidate={"disagrees": 0.4})[CANDIDATE]
    assert_share(counts[Kind.PAIRS], counts[Kind.REQUESTS], 0.3)
    assert_share(counts[Kind.DISAGREEMENTS], counts[Kind.PAIRS], 0.4)


def test_there_are_never_more_pairs_than_say_anything():
    counts = windows(opened(rate_per_min=60_000, runs=5, shadowed=1.0))
    assert (counts[..., CANDIDATE, Kind.PAIRS] == PAIRED_MOST).all()


def test_a_user_who_sticks_to_the_candidate_fails_at_each_request():
    before = np.zeros((RUNS, 2, KINDS + 3), np.int64)
    counts = before.copy()
    opened(sticky_min=30).sticky(counts, 600, 60, by_request=True)
    added = counts[:, CANDIDATE]
    assert (added[:, Kind.REQUESTS] == added[:, Kind.ERRORS]).all()
    assert_many(added[:, Kind.ERRORS].sum(), 30 * RUNS)
    assert (counts[:, BASELINE] == 0).all()


@pytest.mark.parametrize(("at_s", "failed"), [pytest.param(0, 1, id="at first"), pytest.param(600, 0, id="later")])
def test_where_users_are_counted_one_counts_once(at_s, failed):
    counts = np.zeros((RUNS, 2, KINDS + 3), np.int64)
    opened(sticky_min=30).sticky(counts, at_s, 60, by_request=False)
    assert (counts[:, CANDIDATE, Kind.ERRORS] == failed).all()


@pytest.mark.parametrize(
    ("spikes", "sigma"), [pytest.param(0, 0.5, id="usual"), pytest.param(0.01, 1.0, id="spikes and a heavy tail")]
)
@pytest.mark.parametrize("rate_per_min", [pytest.param(100, id="few answers"), pytest.param(10_000, id="many")])
def test_answers_take_together_as_long_as_they_are_said_to(rate_per_min, spikes, sigma):
    service = opened(rate_per_min=rate_per_min, runs=50, baseline={"errors": 0, "sigma": sigma, "spikes": spikes})
    counts = windows(service, timed=True).sum(axis=(0, 1)).sum(axis=0)
    mean_ms = 50 * exp(sigma**2 / 2) + 3000 * spikes
    assert counts[Kind.DURATION_MS] / counts[Kind.REQUESTS] == pytest.approx(mean_ms, rel=0.05)


def test_durations_are_only_taken_when_asked_for(usual):
    assert usual[..., Kind.DURATION_MS].sum() == 0


def test_thresholds_lie_around_the_true_percentiles():
    told, normal = thresholds(Behaviour(), 2000, np.random.default_rng(7)), NormalDist()
    slow_ms, slowest_ms = (50 * exp(0.5 * normal.inv_cdf(share)) for share in (0.95, 0.99))
    assert np.median(told.slow) == pytest.approx(slow_ms, rel=0.01)
    assert np.median(told.very_slow) == pytest.approx(3 * slowest_ms, rel=0.01)
    assert 0.005 < told.slow.std() / slow_ms < 0.05


def test_references_are_counted_of_what_was_before():
    references = opened(baseline={"errors": 0.02}, reference=[0.2, 0.2, 0.6]).references
    assert_share(round(references.error_rate.sum() * HISTORY), HISTORY * RUNS, 0.02)
    assert (references.answers.sum(axis=1) == HISTORY).all()
    assert_share(references.answers[:, 2].sum(), HISTORY * RUNS, 0.6)


def test_golden_rows_fail_as_often_as_is_said_and_only_where_replayed():
    service = opened(candidate={"unhealthy": 0.5}, runs=2000)
    made = np.arange(2000) < 1000
    check = service.checks(0, made)
    assert_share(check.failed.sum(), 1000, 0.5)
    assert not check.failed[~made].any()
    assert not check.others_failed.any()


@pytest.mark.parametrize(
    ("side", "there"),
    [pytest.param("baseline", CANDIDATE, id="baseline"), pytest.param("candidate", BASELINE, id="candidate")],
)
def test_a_side_whose_measurements_are_lost_has_no_counts(usual, side, there):
    told = lost(usual[0], side)
    assert (told[:, there] == usual[0][:, there]).all()
    assert told[:, 1 - there].sum() == 0


def told_at(at_s: int, **metrics: Any) -> list[list[int]]:
    """When the windows of each measurement start that is told at `at_s`, after a minute of traffic."""
    meter = Meter.of(opened(runs=1, metrics=metrics), Policy())
    for start_s in range(0, 60, 10):
        meter.measure(start_s, np.array([WEIGHT]))
    return [[window.start_s for window in measurement.windows] for measurement in meter.told(at_s)]


def test_measurements_tell_all_that_is_over():
    assert told_at(60) == [[0, 10, 20, 30, 40, 50]]


def test_late_measurements_tell_what_is_complete():
    assert told_at(60, late_s=30) == [[0, 10, 20]]


def test_measurements_that_come_twice_come_in_another_order():
    assert told_at(20, twice=True) == [[0, 10], [10, 0]] * 2
