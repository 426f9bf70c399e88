"""User Guide of CloudWatch, "Metrics Insights query components and syntax"."""

from datetime import UTC, datetime, timedelta

import pytest

from localaws.alarms import evaluate
from localaws.metric_insights import Insight
from localaws.series import UnknownMath

QUERY = "SELECT SUM(errors) FROM SCHEMA(\"Serinus\", service, model) WHERE service = 'kepler'"
NOW = datetime.now(UTC).replace(second=30, microsecond=0)


@pytest.fixture
def measured(aws):
    """Errors of two models of two services, a minute ago."""
    for service, model, value in [
        ("kepler", "cnn", 1),
        ("kepler", "forest", 2),
        ("iit", "cnn", 40),
        ("kepler", None, 80),
    ]:
        named = {"service": service, "model": model}
        dimensions = [{"Name": key, "Value": name} for key, name in named.items() if name]
        datum = {"MetricName": "errors", "Dimensions": dimensions, "Value": value}
        datum["Timestamp"] = NOW - timedelta(minutes=1)
        aws("cloudwatch").put_metric_data(Namespace="Serinus", MetricData=[datum])
    return aws("cloudwatch")


@pytest.mark.parametrize(
    ("query", "value"),
    [
        (QUERY, 3),
        (QUERY.replace("SUM", "MAX"), 2),
        (QUERY.replace("SUM", "COUNT"), 2),
        (QUERY + " AND model != 'cnn'", 2),
        ('SELECT AVG("errors") FROM SCHEMA("Serinus", model, service)', 43 / 3),
        ("SELECT SUM(errors) FROM Serinus", 123),
        ("SELECT SUM(errors) FROM \"Serinus\" WHERE service = 'iit'", 40),
    ],
)
def test_one_line_over_many_metrics(measured, query, value):
    asked = [{"Id": "q", "Expression": query, "Period": 300}]
    got = measured.get_metric_data(MetricDataQueries=asked, StartTime=NOW - timedelta(minutes=4), EndTime=NOW)
    assert got["MetricDataResults"][0]["Values"] == [pytest.approx(value)]


@pytest.mark.parametrize(
    "query",
    [QUERY + " GROUP BY model", QUERY + " OR service = 'iit'", "SELECT P99(errors) FROM Serinus", "SELECT errors"],
    ids=["group", "or", "percentile", "no function"],
)
def test_what_it_does_not_know_is_refused(query):
    with pytest.raises(UnknownMath):
        Insight.read(query)


def test_an_alarm_watches_a_query(measured):
    measured.put_metric_alarm(
        AlarmName="faults",
        Metrics=[{"Id": "q", "Expression": QUERY, "Period": 300, "ReturnData": True}],
        EvaluationPeriods=1,
        Threshold=3,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    evaluate(NOW)
    assert measured.describe_alarms(AlarmNames=["faults"])["MetricAlarms"][0]["StateValue"] == "ALARM"
