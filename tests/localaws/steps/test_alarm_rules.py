"""API Reference of CloudWatch, PutCompositeAlarm: AlarmRule."""

import pytest

from localaws.alarm_rules import BadRule, is_met, names_in

STATES = {"a": "ALARM", "b": "OK", "c d": "INSUFFICIENT_DATA"}


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        ("ALARM(a)", True),
        ('ALARM("b")', False),
        ('INSUFFICIENT_DATA("c d")', True),
        ('ALARM("arn:aws:cloudwatch:us-east-1:123456789012:alarm:a")', True),
        ("ALARM(a) AND OK(b)", True),
        ("ALARM(a) AND ALARM(b)", False),
        ("ALARM(b) OR OK(b)", True),
        ("NOT ALARM(b)", True),
        ("ALARM(a) AND NOT (ALARM(b) OR OK(b))", False),
        ("ALARM(b) AND ALARM(b) OR ALARM(a)", True),
        ("ALARM(a) OR ALARM(b) AND ALARM(b)", True),
        ("(ALARM(a) OR ALARM(b)) AND ALARM(b)", False),
        ("TRUE AND NOT FALSE", True),
        ("ALARM(nobody)", False),
    ],
)
def test_a_rule_is_met_by_states(rule, met):
    assert is_met(rule, STATES) is met


@pytest.mark.parametrize(
    "rule", ["", "ALARM(a) AND", "ALARM(a) ALARM(b)", "(ALARM(a)", "AND ALARM(a)", "AT_LEAST(1, a)", ")"]
)
def test_a_rule_that_cannot_be_read_is_refused(rule):
    with pytest.raises(BadRule):
        is_met(rule, STATES)


def test_the_names_in_a_rule_are_plain():
    assert list(names_in('ALARM("arn:aws:cloudwatch:us-east-1:1:alarm:x y") AND NOT OK(b)')) == ["x y", "b"]
