"""API Reference of CloudWatch, GetMetricData and GetMetricStatistics."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
START = NOW - timedelta(minutes=5)


@pytest.fixture
def cloudwatch(aws):
    return aws("cloudwatch")


def put(cloudwatch, name, *values, minute=0, namespace="Serinus", **dimensions):
    datum = {"MetricName": name, "Values": list(values), "Timestamp": START + timedelta(minutes=minute, seconds=30)}
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{**datum, "Dimensions": named}])


def metric(name, stat="Sum", *, period=60, namespace="Serinus", identity="m1", **dimensions):
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    watched = {"Namespace": namespace, "MetricName": name, "Dimensions": named}
    return {"Id": identity, "MetricStat": {"Metric": watched, "Period": period, "Stat": stat}}


def values(cloudwatch, *queries, **asked):
    got = cloudwatch.get_metric_data(MetricDataQueries=list(queries), StartTime=START, EndTime=NOW, **asked)
    return {each["Id"]: each["Values"] for each in got["MetricDataResults"]}


def test_percentiles_come_from_the_values(cloudwatch):
    put(cloudwatch, "Latency", *range(1, 101))
    assert values(cloudwatch, metric("Latency", "p99")) == {"m1": [pytest.approx(99.01)]}
    assert values(cloudwatch, metric("Latency", "p50")) == {"m1": [pytest.approx(50.5)]}


def test_a_metric_is_exactly_its_dimensions_and_its_namespace(cloudwatch):
    put(cloudwatch, "Requests", 1)
    put(cloudwatch, "Requests", 2, Service="kepler")
    put(cloudwatch, "Requests", 4, Service="kepler", Version="2")
    put(cloudwatch, "Requests", 8, Service="kepler", namespace="Other")
    assert values(cloudwatch, metric("Requests")) == {"m1": [1]}
    assert values(cloudwatch, metric("Requests", Service="kepler")) == {"m1": [2]}
    assert values(cloudwatch, metric("Requests", Service="kepler", Version="2")) == {"m1": [4]}


def test_an_expression_is_worked_out_of_the_other_queries(cloudwatch):
    put(cloudwatch, "Errors", 1, minute=0)
    put(cloudwatch, "Requests", 10, minute=0)
    put(cloudwatch, "Requests", 5, minute=1)
    hidden = [metric("Errors", identity="e"), metric("Requests", identity="i")]
    hidden = [{**query, "ReturnData": False} for query in hidden]
    rate = {"Id": "rate", "Expression": "FILL(e, 0)/IF(i>0,i,1)"}
    assert values(cloudwatch, *hidden, rate, ScanBy="TimestampAscending") == {"rate": [0.1, 0.0]}


def test_an_expression_that_is_not_wanted_is_not_answered(cloudwatch):
    put(cloudwatch, "Requests", 4)
    half = {"Id": "half", "Expression": "m1/2", "ReturnData": False}
    assert values(cloudwatch, metric("Requests"), half, {"Id": "quarter", "Expression": "half/2"}) == {
        "m1": [4],
        "quarter": [1],
    }


def test_the_newest_comes_first_unless_asked_otherwise(cloudwatch):
    put(cloudwatch, "Requests", 1, minute=0)
    put(cloudwatch, "Requests", 2, minute=3)
    assert values(cloudwatch, metric("Requests"))["m1"] == [2, 1]
    assert values(cloudwatch, metric("Requests"), ScanBy="TimestampAscending")["m1"] == [1, 2]


@pytest.mark.parametrize(
    "query",
    [
        {"Id": "e1", "Expression": "RATE(m1)"},
        {"Id": "e1", "Expression": "missing + m1"},
        {"Id": "e1", "Expression": "e1 + 1"},
        {"Id": "e1", "Expression": "SELECT SUM(Requests) FROM Serinus GROUP BY Service", "Period": 60},
    ],
    ids=["function", "id", "itself", "insights"],
)
def test_an_expression_that_cannot_be_worked_out_is_refused(cloudwatch, query):
    with pytest.raises(ClientError) as refused:
        values(cloudwatch, metric("Requests"), query)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_metric_statistics_have_percentiles_beside_the_basic_ones(cloudwatch):
    put(cloudwatch, "Latency", *range(1, 101), Service="kepler")
    put(cloudwatch, "Latency", 1000, Service="kepler", Version="2")
    got = cloudwatch.get_metric_statistics(
        Namespace="Serinus",
        MetricName="Latency",
        Dimensions=[{"Name": "Service", "Value": "kepler"}],
        StartTime=START,
        EndTime=NOW,
        Period=300,
        Statistics=["Sum", "Maximum"],
        ExtendedStatistics=["p90"],
    )
    (point,) = got["Datapoints"]
    assert (point["Sum"], point["Maximum"], point["Timestamp"]) == (5050, 100, START)
    assert point["ExtendedStatistics"] == {"p90": pytest.approx(90.1)}


def test_moto_still_computes_no_percentile(plain_moto):
    assert plain_moto["percentiles"], "moto no longer needs localaws/metric_queries: drop it"
