"""Differences are told with bounds that hold at every look, from counts that add up in any order."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special

from serinus.arms.confidence import mean_margin, rate_bounds
from serinus.arms.contrasts import ACCURACY, AGREEMENT, ERRORS, LATENCY, METRICS, SLOW
from serinus.arms.tallies import Counts, Moments, Tally, counts_from
from serinus.comparison import compare
from serinus.errors import ExperimentError

RUNS, LOOKS, PER_LOOK = 300, 40, 50


def log_e(events, of, rate):
    """Of one arm: how much likelier its counts are under the mixture than under `rate`."""
    mixed = special.betaln(events + 0.5, of - events + 0.5) - special.betaln(0.5, 0.5)
    return mixed - special.xlogy(events, rate) - special.xlogy(of - events, 1 - rate)


@pytest.mark.parametrize(
    ("events", "of"),
    [
        pytest.param((3, 1), (40, 60), id="few"),
        pytest.param((0, 5), (20, 30), id="no event"),
        pytest.param((20, 0), (20, 30), id="all against none"),
        pytest.param((0, 5), (0, 30), id="one arm empty"),
        pytest.param((60, 300), (1000, 9000), id="many, a tenth"),
    ],
)
def test_bounds_of_a_difference_are_those_of_the_region_searched_point_by_point(events, of):
    grid = np.linspace(0, 1, 1501)
    inside = log_e(events[0], of[0], grid)[:, None] + log_e(events[1], of[1], grid) < math.log(1 / 0.05)
    differences = (grid[:, None] - grid)[inside]
    assert rate_bounds(events, of, (1, -1), 0.05) == pytest.approx((differences.min(), differences.max()), abs=2 / 1500)


@pytest.mark.parametrize(("events", "of"), [(1, 50), (49, 50), (970, 1000), (30, 10**6)])
def test_bounds_of_a_rate_are_where_its_e_value_reaches_one_over_alpha(events, of):
    def excess(rate):
        return log_e(events, of, rate) - math.log(1 / 0.01)

    expected = [optimize.brentq(excess, *ends, xtol=1e-14) for ends in ((1e-12, events / of), (events / of, 1 - 1e-12))]
    assert rate_bounds([events], [of], (1,), 0.01) == pytest.approx(expected, rel=1e-6)


def test_bounds_are_the_mirror_of_those_of_what_did_not_happen():
    low, high = rate_bounds([3, 10], [50, 70], (1, -1), 0.05)
    assert rate_bounds([47, 60], [50, 70], (1, -1), 0.05) == pytest.approx((-high, -low))


def test_the_margin_of_means_is_that_of_the_paper():
    alpha, variances, sizes = 0.05, (4.0, 9.0), (700, 1300)
    count, rho = sum(sizes), math.sqrt((-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / 5000)
    of_the_mean = sum(variance / size for variance, size in zip(variances, sizes, strict=True))
    grown = count * rho**2 + 1
    expected = math.sqrt(of_the_mean * count) * math.sqrt(
        2 * grown / (count * rho) ** 2 * math.log(math.sqrt(grown) / alpha)
    )
    assert mean_margin(of_the_mean, count, alpha) == pytest.approx(expected)


def looked_at(candidate: float, control: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Bounds at every look of many experiments, [runs, looks]."""
    rng = np.random.default_rng(20261130)
    of = rng.binomial(PER_LOOK, share, size=(RUNS, LOOKS))
    of = np.stack([of, PER_LOOK - of], axis=-1)
    events = rng.binomial(of, (candidate, control))
    return rate_bounds(events.cumsum(axis=1), of.cumsum(axis=1), (1, -1), 0.05)


@pytest.mark.parametrize("share", [0.1, 0.5])
@pytest.mark.parametrize(("candidate", "control"), [(0.02, 0.02), (0.3, 0.3), (0.25, 0.1)])
def test_bounds_of_rates_hold_at_every_look_at_once(candidate, control, share):
    low, high = looked_at(candidate, control, share)
    truth = candidate - control
    assert np.mean(np.any((low > truth) | (high < truth), axis=1)) <= 0.05


def test_a_fixed_interval_would_not_hold_at_every_look():
    rng = np.random.default_rng(20261130)
    seen = rng.binomial(PER_LOOK, 0.3, size=(2, RUNS, LOOKS)).cumsum(axis=2) / PER_LOOK / np.arange(1, LOOKS + 1)
    margin = 1.96 * np.sqrt(np.sum(seen * (1 - seen), axis=0) / PER_LOOK / np.arange(1, LOOKS + 1))
    assert np.mean(np.any(np.abs(seen[0] - seen[1]) > margin, axis=1)) > 0.2


def test_a_real_difference_is_shown():
    low, _ = looked_at(0.15, 0.02, share=0.5)
    assert np.mean(low[:, -1] > 0) > 0.99


def test_bounds_of_means_hold_at_every_look_at_once():
    rng = np.random.default_rng(20261130)
    candidate, control = rng.lognormal(4, 0.5, size=(2, 500, 3000))
    number = np.arange(1, 3001)
    variance = [
        (np.cumsum(arm**2, 1) - np.cumsum(arm, 1) ** 2 / number) / number / number for arm in (candidate, control)
    ]
    lift = (np.cumsum(candidate, 1) - np.cumsum(control, 1)) / number
    wrong = np.abs(lift) > mean_margin(sum(variance), 2 * number, 0.05)
    assert np.mean(np.any(wrong[:, 500:], axis=1)) <= 0.05


def moments(mean_ms: int, count: int = 1000) -> Moments:
    return sum((Moments.of(1000 * mean_ms + 100 * step) for step in range(-count // 2, count // 2)), Moments())


CONTROL = Counts(Tally(20, 2000), Tally(100, 2000), moments(80), Tally(), Tally(1800, 2000))
WORSE = Counts(Tally(80, 2000), Tally(300, 2000), moments(120), Tally(1800, 2000), Tally(1600, 2000))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_what_is_worse_is_called_so_whether_more_or_less_is_better(metric):
    [finding] = compare({"old": CONTROL, "new": WORSE}, control="old", metrics=[metric])
    assert finding.verdict == "worse"


@pytest.mark.parametrize("metric", [ERRORS, SLOW, LATENCY, ACCURACY], ids=lambda metric: metric.name)
def test_what_is_better_is_called_so_whether_more_or_less_is_better(metric):
    [finding] = compare({"old": WORSE, "new": CONTROL}, control="old", metrics=[metric])
    assert finding.verdict == "better"


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_nothing_is_said_of_what_was_not_counted(metric):
    [finding] = compare({"old": CONTROL, "new": Counts()}, control="old", metrics=[metric])
    assert (finding.verdict, finding.lift) == ("not shown", None)


def test_a_model_that_disagrees_within_what_is_tolerated_is_not_called_worse():
    [finding] = compare(
        {"old": Counts(), "new": Counts(agreement=Tally(19_900, 20_000))}, control="old", metrics=[AGREEMENT]
    )
    assert finding.seen.high < 0
    assert finding.verdict == "not shown"


def test_a_lift_is_told_absolutely_and_relatively():
    [finding] = compare({"old": CONTROL, "new": WORSE}, control="old", metrics=[ERRORS])
    assert (finding.lift, finding.relative_lift) == pytest.approx((0.03, 3.0))


def test_there_is_no_relative_lift_over_nothing():
    [finding] = compare({"old": Counts(Tally(0, 10)), "new": Counts(Tally(1, 10))}, control="old", metrics=[ERRORS])
    assert finding.relative_lift is None


def test_no_mean_is_bounded_before_there_are_many():
    counts = Counts(latency_us=moments(80, count=498))
    [finding] = compare({"old": counts, "new": counts}, control="old", metrics=[LATENCY])
    assert finding.seen.high == math.inf
    assert finding.sentence == "new: too few subjects to say anything of latency"


def sentences(candidate: Counts, control: Counts) -> dict[str, str]:
    findings = compare({"old": control, "new": candidate}, control="old")
    return {finding.metric.name: finding.sentence for finding in findings}


ALWAYS = "whatever the number of looks"


def test_more_is_told_in_words():
    assert sentences(WORSE, CONTROL) == {
        "errors": f"new fails for 3 points more of its subjects than old (between 0.62 and 5.8, {ALWAYS})",
        "slow answers": f"new is slow for 10 points more of its subjects than old (between 5.4 and 15, {ALWAYS})",
        "latency": f"new takes 40 ms longer on average than old (between 35 and 45, {ALWAYS})",
        "agreement": f"new answers 10 % of the pairs otherwise than old (between 7.4 and 13, {ALWAYS})",
        "accuracy": f"new is right for 10 points fewer of its subjects than old (between 4.4 and 16, {ALWAYS})",
    }


def test_less_is_told_in_words():
    assert sentences(CONTROL, WORSE) == {
        "errors": f"new fails for 3 points fewer of its subjects than old (between 0.62 and 5.8, {ALWAYS})",
        "slow answers": f"new is slow for 10 points fewer of its subjects than old (between 5.4 and 15, {ALWAYS})",
        "latency": f"new takes 40 ms less on average than old (between 35 and 45, {ALWAYS})",
        "agreement": "new: no difference of agreement was shown yet: between -100 and 0 %",
        "accuracy": f"new is right for 10 points more of its subjects than old (between 4.4 and 16, {ALWAYS})",
    }


def test_what_is_not_shown_is_told_in_words():
    assert (
        sentences(CONTROL, CONTROL)["errors"]
        == "new: no difference of errors was shown yet: between -1.8 and 1.8 points"
    )


def test_more_arms_and_metrics_leave_each_less_of_alpha():
    alone = compare({"old": CONTROL, "new": WORSE}, control="old", metrics=[ERRORS], alpha=0.05 / 6)
    arms = {"old": CONTROL, "new": WORSE, "newer": Counts(), "newest": Counts()}
    assert compare(arms, control="old", metrics=[ERRORS, SLOW])[0] == alone[0]


@pytest.mark.parametrize(
    ("arms", "options", "said"),
    [
        pytest.param(["new"], {}, "counts of 'new': expected the control 'old' and a candidate", id="no control"),
        pytest.param(["old"], {}, "counts of 'old': expected the control 'old' and a candidate", id="no candidate"),
        pytest.param(["old", "new"], {"alpha": 5}, "alpha 5: expected more than 0 and less than 1", id="alpha"),
        pytest.param(["old", "new"], {"metrics": []}, "no metrics: expected at least one", id="no metrics"),
    ],
)
def test_an_impossible_comparison_is_refused(arms, options, said):
    with pytest.raises(ExperimentError, match=said):
        compare(dict.fromkeys(arms, CONTROL), control="old", **options)


tallies = st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)).map(lambda pair: Tally(min(pair), max(pair)))
latencies = st.lists(st.integers(0, 10**8), max_size=5).map(lambda values: sum(map(Moments.of, values), Moments()))
some_counts = st.builds(Counts, tallies, tallies, latencies, tallies, tallies)


@given(st.lists(some_counts, max_size=6).flatmap(lambda parts: st.tuples(st.just(parts), st.permutations(parts))))
def test_counts_add_up_to_the_same_in_any_order(orders):
    assert sum(orders[0], Counts()) == sum(orders[1], Counts())


@given(st.lists(some_counts, max_size=6), st.integers(0, 6))
def test_counts_add_up_to_the_same_however_they_are_split(parts, where):
    parted = sum(parts[:where], Counts()) + sum(parts[where:], Counts())
    assert parted == sum(parts, Counts())


@given(some_counts)
def test_counts_come_back_from_json(counts):
    assert counts_from(json.loads(json.dumps(counts.to_dict()))) == counts


@given(st.lists(st.integers(0, 10**8), min_size=2, max_size=20))
def test_moments_give_mean_and_variance(values):
    seen = sum(map(Moments.of, values), Moments())
    assert (seen.mean, seen.variance) == pytest.approx((np.mean(values), np.var(values, ddof=1)))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(
            lambda: Tally(3, 2), "3 events of 2 subjects: expected from 0 to 2", id="more events than subjects"
        ),
        pytest.param(lambda: Tally(-1, 2), "-1 events of 2 subjects", id="negative"),
        pytest.param(
            lambda: Moments(2, 10, 49), "expected a count from 0, and count . squares from total.2 = 100", id="moments"
        ),
        pytest.param(lambda: counts_from({"failures": {}}), "counts of 'failures': expected some of errors", id="name"),
        pytest.param(lambda: counts_from({"errors": {"all": 2}}), "expected counts as to_dict gives them", id="sum"),
    ],
)
def test_impossible_counts_are_refused(make, said):
    with pytest.raises(ExperimentError, match=said):
        make()
