"""API Reference of CloudWatch Logs, FilterLogEvents."""

import time

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def logs(aws):
    client = aws("logs")
    client.create_log_group(logGroupName="group")
    client.create_log_stream(logGroupName="group", logStreamName="stream")
    lines = ['{"message": "request", "status": 200}', '{"message": "request", "status": 503}', "START"]
    now_ms = int(time.time() * 1000)
    events = [{"timestamp": now_ms + number, "message": line} for number, line in enumerate(lines)]
    client.put_log_events(logGroupName="group", logStreamName="stream", logEvents=events)
    return client


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ('{ $.message = "request" }', 2),
        ("{ $.status >= 500 }", 1),
        ("START", 1),
        ("503", 1),
        ("-request", 1),
        ("", 3),
    ],
)
def test_events_are_filtered_by_a_pattern(logs, pattern, count):
    asked = {"filterPattern": pattern} if pattern else {}
    assert len(logs.filter_log_events(logGroupName="group", **asked)["events"]) == count


def test_a_pattern_that_cannot_be_read_is_refused(logs):
    with pytest.raises(ClientError) as refused:
        logs.filter_log_events(logGroupName="group", filterPattern="{ $.a = }")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


def test_moto_still_matches_every_event(plain_moto):
    assert plain_moto["json patterns"], "moto no longer needs localaws/log_filters: drop it"
