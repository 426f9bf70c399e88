"""User Guide of CloudWatch, "CloudWatch statistics definitions"."""

import pytest

from localaws.datapoints import Period, StatisticSet, UnknownStatistic


def of(*values):
    return Period([StatisticSet(1, value, value, value) for value in values])


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Sum", 5050),
        ("SampleCount", 100),
        ("Average", 50.5),
        ("Minimum", 1),
        ("Maximum", 100),
        ("p0", 1),
        ("p50", 50.5),
        ("p90", 90.1),
        ("p99", 99.01),
        ("p99.9", 99.901),
        ("p100", 100),
        ("tm90", 45.5),
        ("tm99", 50),
        ("TM(10%:90%)", 50.5),
        ("TM(:50%)", 25.5),
    ],
)
def test_a_statistic_of_the_numbers_from_1_to_100(name, wanted):
    assert of(*range(100, 0, -1)).statistic(name) == pytest.approx(wanted)


def test_a_percentile_of_one_value_is_that_value():
    assert of(7).statistic("p99") == 7


def test_a_trimmed_mean_leaves_out_what_sticks_out():
    assert of(*[10] * 99, 100000).statistic("tm99") == pytest.approx(10)


def test_a_period_without_values_has_no_statistic():
    assert Period([]).statistic("p99") is None
    assert Period([]).statistic("Sum") is None


def test_a_set_of_different_values_has_no_percentile():
    mixed = Period([StatisticSet(3, 6, 1, 3)])
    assert (mixed.statistic("p99"), mixed.statistic("Average")) == (None, 2)


def test_a_set_of_one_value_many_times_has_a_percentile():
    assert Period([StatisticSet(9, 18, 2, 2), StatisticSet(1, 4, 4, 4)]).statistic("p50") == 2


@pytest.mark.parametrize("name", ["p101", "WM(10%:90%)", "IQM", "sum"])
def test_an_unknown_statistic_is_refused_by_name(name):
    with pytest.raises(UnknownStatistic, match="computes no statistic"):
        of(1).statistic(name)
