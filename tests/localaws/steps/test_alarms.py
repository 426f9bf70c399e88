"""User Guide of CloudWatch, "Using Amazon CloudWatch alarms" and "Acting on alarm changes"."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from localaws.alarms import evaluate, watch
from tests.localaws.steps.waiting import messages, queue, until

NOW = datetime.now(UTC).replace(second=30, microsecond=0)


@pytest.fixture
def cloudwatch(aws):
    return aws("cloudwatch")


@pytest.fixture
def topic(aws):
    """The ARN of a topic, and a function that tells the messages it sent."""
    arn = aws("sns").create_topic(Name="alarms")["TopicArn"]
    url, queue_arn = queue(aws, "alarms")
    raw = {"RawMessageDelivery": "true"}
    aws("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn, Attributes=raw)
    return arn, lambda: [json.loads(body) for body in messages(aws, url)]


def measure(cloudwatch, name, *values, minutes_ago=1):
    when = NOW - timedelta(minutes=minutes_ago)
    cloudwatch.put_metric_data(
        Namespace="Serinus", MetricData=[{"MetricName": name, "Values": list(values), "Timestamp": when}]
    )


def alarm(cloudwatch, name="errors", **fields):
    defaults = {
        "Namespace": "Serinus",
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 2,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    asked = {key: value for key, value in (defaults | fields).items() if value is not None}
    cloudwatch.put_metric_alarm(AlarmName=name, **asked)


def state(cloudwatch, name="errors"):
    (found,) = [
        each
        for kind, alarms in cloudwatch.describe_alarms(AlarmNames=[name]).items()
        if kind in ("MetricAlarms", "CompositeAlarms")
        for each in alarms
    ]
    return found["StateValue"]


def test_a_new_alarm_has_no_data(cloudwatch):
    alarm(cloudwatch)
    assert state(cloudwatch) == "INSUFFICIENT_DATA"


def test_data_moves_an_alarm_and_its_topic_hears_of_it(cloudwatch, topic):
    arn, sent = topic
    alarm(cloudwatch, AlarmActions=[arn], OKActions=[arn], AlarmDescription="too many errors")
    evaluate(NOW)
    assert (state(cloudwatch), [each["NewStateValue"] for each in sent()]) == ("OK", ["OK"])
    measure(cloudwatch, "Errors", 2, 1)
    evaluate(NOW)
    (message,) = sent()
    assert state(cloudwatch) == "ALARM"
    assert (message["AlarmName"], message["OldStateValue"], message["NewStateValue"]) == ("errors", "OK", "ALARM")
    assert (message["AlarmDescription"], message["Trigger"]["Threshold"]) == ("too many errors", 2)
    evaluate(NOW)
    assert sent() == []
    evaluate(NOW + timedelta(minutes=30))
    assert (state(cloudwatch), [each["NewStateValue"] for each in sent()]) == ("OK", ["OK"])


def test_an_alarm_without_enabled_actions_only_changes_its_state(cloudwatch, topic):
    arn, sent = topic
    alarm(cloudwatch, AlarmActions=[arn], ActionsEnabled=False)
    measure(cloudwatch, "Errors", 9)
    evaluate(NOW)
    assert (state(cloudwatch), sent()) == ("ALARM", [])


@pytest.mark.parametrize(("missing", "wanted"), [("missing", "INSUFFICIENT_DATA"), ("breaching", "ALARM")])
def test_missing_data_is_treated_as_asked(cloudwatch, missing, wanted):
    alarm(cloudwatch, TreatMissingData=missing)
    evaluate(NOW)
    assert state(cloudwatch) == wanted


def test_two_of_three_datapoints_make_an_alarm(cloudwatch):
    alarm(cloudwatch, EvaluationPeriods=3, DatapointsToAlarm=2)
    measure(cloudwatch, "Errors", 9, minutes_ago=3)
    measure(cloudwatch, "Errors", 0, minutes_ago=2)
    evaluate(NOW)
    assert state(cloudwatch) == "OK"
    measure(cloudwatch, "Errors", 9, minutes_ago=1)
    evaluate(NOW)
    assert state(cloudwatch) == "ALARM"


def test_an_alarm_watches_a_percentile(cloudwatch):
    alarm(cloudwatch, MetricName="Latency", Statistic=None, ExtendedStatistic="p99", Threshold=100)
    measure(cloudwatch, "Latency", *[10] * 99, 5000)
    evaluate(NOW)
    assert state(cloudwatch) == "OK"
    measure(cloudwatch, "Latency", *[5000] * 3)
    evaluate(NOW)
    assert state(cloudwatch) == "ALARM"


def test_an_alarm_watches_an_expression(cloudwatch):
    def query(identity, name):
        metric = {"Namespace": "Serinus", "MetricName": name}
        stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
        return {"Id": identity, "MetricStat": stat, "ReturnData": False}

    rate = {"Id": "rate", "Expression": "e/IF(i>0,i,1)", "ReturnData": True}
    cloudwatch.put_metric_alarm(
        AlarmName="rate",
        Metrics=[rate, query("e", "Errors"), query("i", "Requests")],
        EvaluationPeriods=1,
        Threshold=0.1,
        ComparisonOperator="GreaterThanThreshold",
    )
    measure(cloudwatch, "Requests", *[1] * 20)
    measure(cloudwatch, "Errors", 2)
    evaluate(NOW)
    assert state(cloudwatch, "rate") == "OK"
    measure(cloudwatch, "Errors", 1)
    evaluate(NOW)
    assert state(cloudwatch, "rate") == "ALARM"


def test_a_composite_alarm_follows_the_alarms_it_names(cloudwatch, topic):
    arn, sent = topic
    alarm(cloudwatch, "errors")
    alarm(cloudwatch, "latency", MetricName="Latency")
    cloudwatch.put_composite_alarm(
        AlarmName="inner", AlarmRule='ALARM("errors") AND NOT ALARM("latency")', AlarmActions=[arn]
    )
    cloudwatch.put_composite_alarm(AlarmName="outer", AlarmRule="ALARM(inner)", AlarmActions=[arn])
    evaluate(NOW)
    assert (state(cloudwatch, "inner"), state(cloudwatch, "outer"), sent()) == ("OK", "OK", [])
    measure(cloudwatch, "Errors", 9)
    evaluate(NOW)
    assert (state(cloudwatch, "inner"), state(cloudwatch, "outer")) == ("ALARM", "ALARM")
    assert sorted(each["AlarmName"] for each in sent()) == ["inner", "outer"]


def test_a_changed_alarm_keeps_its_state(cloudwatch):
    alarm(cloudwatch)
    measure(cloudwatch, "Errors", 9)
    evaluate(NOW)
    alarm(cloudwatch, Threshold=100)
    assert state(cloudwatch) == "ALARM"


def test_setting_a_state_acts_and_is_remembered(cloudwatch, topic):
    arn, sent = topic
    alarm(cloudwatch, AlarmActions=[arn])
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    (message,) = sent()
    assert message["NewStateReason"] == "a drill"
    history = cloudwatch.describe_alarm_history(AlarmName="errors")["AlarmHistoryItems"]
    summaries = [item["HistorySummary"] for item in history]
    assert f"Successfully executed action {arn}" in summaries
    assert "Alarm updated from INSUFFICIENT_DATA to ALARM" in summaries
    only = cloudwatch.describe_alarm_history(AlarmName="errors", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [item["HistoryItemType"] for item in only] == ["StateUpdate"]


def test_an_alarm_calls_a_function(cloudwatch, aws, function):
    url, _ = queue(aws, "called")
    source = f"""
import json, boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl={url!r}, MessageBody=json.dumps(event))
"""
    alarm(cloudwatch, AlarmActions=[function(source)])
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    (event,) = [json.loads(body) for body in until(lambda: messages(aws, url))]
    assert (event["source"], event["alarmData"]["state"]["value"]) == ("aws.cloudwatch", "ALARM")


def test_a_change_of_state_is_an_event(cloudwatch, aws):
    url, arn = queue(aws, "changes")
    pattern = {"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}}
    aws("events").put_rule(Name="alarms", EventPattern=json.dumps(pattern))
    aws("events").put_targets(Rule="alarms", Targets=[{"Id": "1", "Arn": arn}])
    alarm(cloudwatch)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="a drill")
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    (event,) = [json.loads(body) for body in messages(aws, url)]
    assert (event["detail-type"], event["detail"]["alarmName"]) == ("CloudWatch Alarm State Change", "errors")


def test_a_watch_evaluates_by_itself_until_it_is_left(cloudwatch):
    alarm(cloudwatch)
    measure(cloudwatch, "Errors", 9)
    with watch(interval_s=0.02, clock=lambda: NOW):
        until(lambda: state(cloudwatch) == "ALARM")
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="a drill")
    time.sleep(0.1)
    assert state(cloudwatch) == "OK"


@pytest.mark.parametrize("rule", ["ALARM(nobody)", "ALARM("], ids=["unknown alarm", "unreadable"])
def test_a_composite_alarm_that_cannot_be_evaluated_is_refused(cloudwatch, rule):
    with pytest.raises(ClientError) as refused:
        cloudwatch.put_composite_alarm(AlarmName="outer", AlarmRule=rule)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_an_anomaly_alarm_is_refused(cloudwatch):
    with pytest.raises(ClientError, match="evaluates no"):
        alarm(cloudwatch, ComparisonOperator="GreaterThanUpperThreshold")


def test_moto_still_evaluates_nothing(plain_moto):
    assert plain_moto["alarms"], "moto no longer needs localaws/alarms: drop it"


def test_moto_still_acts_on_nothing(plain_moto):
    assert plain_moto["alarm actions"], "moto no longer needs localaws/alarm_actions: drop it"
