"""User Guide of CloudWatch, "Using math expressions with CloudWatch metrics"."""

from datetime import UTC, datetime, timedelta

import pytest

from localaws.metric_math import Formula
from localaws.series import UnknownMath

MOMENTS = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute) for minute in range(4)]


def series(*values):
    return {moment: value for moment, value in zip(MOMENTS, values, strict=True) if value is not None}


KNOWN = {
    "e": series(1, 0, 2, None),
    "i": series(10, 0, 4, 5),
    "gap": series(None, 3, None, None),
    "none": series(None, None, None, None),
}


def value(expression):
    found = Formula(KNOWN.__getitem__, list(KNOWN), MOMENTS).value(expression)
    return [found.get(moment) for moment in MOMENTS]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("e/IF(i>0,i,1)", [0.1, 0, 0.5, None]),
        ("100*e/i", [10, None, 50, None]),
        ("100 * (e / i)", [10, None, 50, None]),
        ("FILL(e, 0) / i", [0.1, None, 0.5, 0]),
        ("FILL(gap, REPEAT)", [None, 3, 3, 3]),
        ("FILL(none, 0)", [0, 0, 0, 0]),
        ("FILL(gap, i)", [10, 3, 4, 5]),
        ("SUM([e, i])", [11, 0, 6, 5]),
        ("MAX([e, gap])", [1, 3, 2, None]),
        ("AVG([e, i])", [5.5, 0, 3, 5]),
        ("e / SUM(i)", [1 / 19, 0, 2 / 19, None]),
        ("SUM(METRICS('ga'))", [None, 3, None, None]),
        ("IF(e > 0 && i > 5, 1, 0)", [1, 0, 0, None]),
        ("IF(e > 1 OR i > 9, i)", [10, None, 4, None]),
        ("-e + 2^3", [7, 8, 6, None]),
        ("ABS(e - i)", [9, 0, 2, None]),
        ("CEIL(e / 4)", [1, 0, 1, None]),
        ("i >= 5", [1, 0, 0, 1]),
    ],
)
def test_an_expression_is_worked_out_moment_by_moment(expression, wanted):
    assert value(expression) == [pytest.approx(each) if each is not None else None for each in wanted]


@pytest.mark.parametrize(
    "expression",
    [
        "ANOMALY_DETECTION_BAND(e)",
        "RATE(e)",
        "e.__class__",
        "__import__('os')",
        "e if i else 1",
        "[x for x in e]",
        "1 + 1",
        "[e, i]",
        "e +",
        "e[0]",
        "IF(e)",
        "SUM(e)",
    ],
)
def test_what_it_does_not_know_is_refused(expression):
    with pytest.raises(UnknownMath):
        value(expression)
