"""User Guide of CloudWatch, "Specification: Embedded metric format"."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from localaws import emf
from localaws.emf import metrics_in

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def line(metrics, *, dimensions=(("Service",),), **members):
    directive = {"Namespace": "Serinus", "Dimensions": [list(names) for names in dimensions], "Metrics": metrics}
    return json.dumps(
        {"_aws": {"Timestamp": int(WHEN.timestamp() * 1000), "CloudWatchMetrics": [directive]}, **members}
    )


def test_a_line_measures_each_metric_for_each_set_of_dimensions():
    metrics = [{"Name": "Latency", "Unit": "Milliseconds"}, {"Name": "Requests"}]
    members = {"Latency": [1, 2.5], "Requests": 1, "Service": "kepler", "Version": "2"}
    measured = list(
        metrics_in("START\n" + line(metrics, dimensions=[["Service"], ["Service", "Version"], []], **members))
    )
    assert {(each.name, each.dimensions) for each in measured} == {
        (name, dimensions)
        for name in ("Latency", "Requests")
        for dimensions in ((), (("Service", "kepler"),), (("Service", "kepler"), ("Version", "2")))
    }
    assert measured[0].values == (1.0, 2.5)
    assert (measured[0].unit, measured[0].namespace, measured[0].when) == ("Milliseconds", "Serinus", WHEN)
    assert measured[1].unit == "None"


@pytest.mark.parametrize(
    "text",
    [
        "plain words",
        '{"message": "request"}',
        '{"_aws": 1}',
        '{"_aws": {"Timestamp": 1, "CloudWatchMetrics": [{}]}}',
        '{"_aws": broken',
        line([{"Name": "Latency"}], Service="kepler"),
        line([{"Name": "Latency"}], Service="kepler", Latency="fast"),
        line([{"Name": "Latency"}], Service="kepler", Latency=[1] * 101),
        line([{"Name": "Latency"}], Service=7, Latency=1),
        line([{"Name": "Latency"}], Latency=1),
    ],
    ids=[
        "words",
        "no metrics",
        "no object",
        "no directive",
        "no json",
        "no value",
        "a text",
        "too many values",
        "a number as dimension",
        "no dimension",
    ],
)
def test_a_line_that_breaks_the_format_measures_nothing(text):
    assert list(metrics_in(text)) == []


def test_what_a_function_wrote_can_be_asked_for(aws):
    now = datetime.now(UTC)
    text = line([{"Name": "Latency", "Unit": "Milliseconds"}], Service="kepler", Latency=[1, 2, 3])
    text = text.replace(str(int(WHEN.timestamp() * 1000)), str(int(now.timestamp() * 1000)))
    emf.listener("predict", "1", f"START\n{text}\nEND", None)
    stat = {"Namespace": "Serinus", "MetricName": "Latency", "Dimensions": [{"Name": "Service", "Value": "kepler"}]}
    got = aws("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": stat, "Period": 60, "Stat": "p50"}}],
        StartTime=now - timedelta(minutes=2),
        EndTime=now + timedelta(minutes=2),
    )
    assert got["MetricDataResults"][0]["Values"] == [2]
