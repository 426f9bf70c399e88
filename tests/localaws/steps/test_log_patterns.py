"""User Guide of CloudWatch Logs, "Filter pattern syntax"."""

import json

import pytest

from localaws.log_patterns import BadPattern, matcher

REQUEST = json.dumps(
    {
        "message": "request",
        "status": 503,
        "latency_ms": 12.5,
        "cold": True,
        "model": {"name": "keras_cnn", "labels": ["A", "B"]},
        "nothing": None,
    }
)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.message = "request" }', True),
        ("{ $.message = request }", True),
        ('{ $.message = "req*" }', True),
        ('{ $.message = "Request" }', False),
        ('{ $.message != "answer" }', True),
        ('{$.message="request"}', True),
        ("{ $.status = 503 }", True),
        ("{ $.status >= 500 && $.latency_ms < 20 }", True),
        ("{ $.status >= 500 && $.latency_ms < 10 }", False),
        ("{ ($.status < 500) || ($.latency_ms > 10 && $.cold IS TRUE) }", True),
        ("{ $.status > 5e2 }", True),
        ('{ $.model.name = "keras_cnn" }', True),
        ('{ $.model.labels[1] = "B" }', True),
        ('{ $.message = "[a-z]*" }', False),
        ("{ $.message > 3 }", False),
        ("{ $.nothing IS NULL }", True),
        ("{ $.nothing EXISTS }", True),
        ("{ $.absent IS NULL }", False),
        ("{ $.absent NOT EXISTS }", True),
        ("{ $.model.absent EXISTS }", False),
        ("{ $.absent = 1 }", False),
        ("request", True),
        ("request keras_cnn", True),
        ("request answer", False),
        ("keras -answer", True),
        ("keras -request", False),
        ("?answer ?request", True),
        ('"\\"status\\": 503"', False),
        ('"status"', True),
        ("503", True),
        ("", True),
    ],
)
def test_a_pattern_picks_events(pattern, matches):
    assert matcher(pattern)(REQUEST) is matches


def test_a_line_that_is_no_json_matches_no_json_pattern():
    assert not matcher('{ $.message = "request" }')("START RequestId: 1 request")


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.a = 1",
        "{ a = 1 }",
        "{ $.a }",
        "{ $.a ~ 1 }",
        "{ $.a > text }",
        "{ ($.a = 1 }",
        "{ $.a IS 1 }",
        "[a, b]",
        "%a%",
    ],
)
def test_a_pattern_that_cannot_be_read_is_refused(pattern):
    with pytest.raises(BadPattern):
        matcher(pattern)
