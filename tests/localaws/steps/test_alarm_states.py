"""User Guide of CloudWatch, "Configuring how CloudWatch alarms treat missing data": its two tables, row by row."""

import pytest

from localaws.alarm_states import Rule

KEEPS = "INSUFFICIENT_DATA"  # the state it had
VALUES = {"0": 0.0, "X": 9.0, "-": None}


def state(points, *, missing, to_alarm=3, now=KEEPS):
    rule = Rule("GreaterThanThreshold", 5.0, evaluation_periods=3, datapoints_to_alarm=to_alarm, missing=missing)
    assert rule.periods == 5
    return rule.state([VALUES[point] for point in points.split()], now)


@pytest.mark.parametrize(
    ("points", "as_missing", "as_ignore", "as_breaching", "as_good"),
    [
        ("0 - X - X", "OK", "OK", "OK", "OK"),
        ("- - - - 0", "OK", "OK", "OK", "OK"),
        ("- - - - -", "INSUFFICIENT_DATA", KEEPS, "ALARM", "OK"),
        ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("- - X - -", "ALARM", KEEPS, "ALARM", "OK"),
    ],
)
def test_three_of_three(points, as_missing, as_ignore, as_breaching, as_good):
    wanted = {"missing": as_missing, "ignore": as_ignore, "breaching": as_breaching, "notBreaching": as_good}
    assert {missing: state(points, missing=missing) for missing in wanted} == wanted


@pytest.mark.parametrize(
    ("points", "as_missing", "as_ignore", "as_breaching", "as_good"),
    [
        ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 - X - -", "OK", "OK", "ALARM", "OK"),
        ("- - - - 0", "OK", "OK", "ALARM", "OK"),
        ("- - - X -", "ALARM", KEEPS, "ALARM", "OK"),
    ],
)
def test_two_of_three(points, as_missing, as_ignore, as_breaching, as_good):
    wanted = {"missing": as_missing, "ignore": as_ignore, "breaching": as_breaching, "notBreaching": as_good}
    assert {missing: state(points, missing=missing, to_alarm=2) for missing in wanted} == wanted


def test_ignore_keeps_an_alarm_in_alarm():
    assert state("- - - - -", missing="ignore", now="ALARM") == "ALARM"


def test_one_young_breach_with_nothing_before_it_changes_nothing():
    assert state("- - - - X", missing="missing", now="OK") == "OK"


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", [False, False, True]),
        ("GreaterThanOrEqualToThreshold", [False, True, True]),
        ("LessThanThreshold", [True, False, False]),
        ("LessThanOrEqualToThreshold", [True, True, False]),
    ],
)
def test_a_value_is_compared_with_the_threshold(comparison, breaching):
    rule = Rule(comparison, 5.0, evaluation_periods=1, datapoints_to_alarm=1)
    assert [rule.breaches(value) for value in (4.0, 5.0, 6.0)] == breaching
