"""API Reference of CloudWatch, PutMetricData: Values and Counts."""

from datetime import UTC, datetime, timedelta

import pytest
from moto.cloudwatch.models import cloudwatch_backends

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
METRIC = {"Namespace": "Serinus", "MetricName": "Latency"}


def put(aws, **values):
    datum = {"MetricName": "Latency", "Timestamp": NOW - timedelta(seconds=30), **values}
    aws("cloudwatch").put_metric_data(Namespace="Serinus", MetricData=[datum])


def statistics(aws):
    (point,) = aws("cloudwatch").get_metric_statistics(
        **METRIC,
        StartTime=NOW - timedelta(minutes=1),
        EndTime=NOW,
        Period=60,
        Statistics=["Sum", "SampleCount", "Minimum", "Maximum"],
    )["Datapoints"]
    return point["Sum"], point["SampleCount"], point["Minimum"], point["Maximum"]


def test_values_count_as_often_as_they_are_told_to(aws):
    put(aws, Values=[1, 10], Counts=[3, 2])
    put(aws, Value=7)
    assert statistics(aws) == (30, 6, 1, 10)


def test_a_statistic_set_adds_to_values(aws):
    put(aws, Value=7)
    put(aws, StatisticValues={"SampleCount": 2, "Sum": 5, "Minimum": 1, "Maximum": 4})
    assert statistics(aws) == (12, 3, 1, 7)


def test_many_values_of_a_second_are_one_object(aws):
    for _ in range(5):
        put(aws, Values=[1.0] * 100)
    assert len(cloudwatch_backends["123456789012"]["us-east-1"].metric_data) == 1
    assert statistics(aws) == (500, 500, 1, 1)


def test_a_metric_is_listed_once(aws):
    put(aws, Value=1)
    put(aws, Value=2, Dimensions=[{"Name": "Service", "Value": "kepler"}])
    listed = aws("cloudwatch").list_metrics(**METRIC)["Metrics"]
    assert sorted(len(each["Dimensions"]) for each in listed) == [0, 1]


@pytest.mark.parametrize(
    "values", [{"Value": 1, "Values": [2]}, {"Values": [1, 2], "Counts": [1]}], ids=["both", "counts"]
)
def test_values_that_contradict_themselves_are_refused(aws, values):
    with pytest.raises(aws("cloudwatch").exceptions.ClientError):
        put(aws, **values)


def test_moto_still_keeps_an_object_for_each_value(plain_moto):
    assert plain_moto["an object each"], "moto no longer needs localaws/packed_metrics: drop it"
