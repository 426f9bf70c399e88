"""Developer Guide of Lambda, "Sending Lambda function logs to CloudWatch Logs" and "Types of metrics for functions"."""

import json
from datetime import UTC, datetime, timedelta

from localaws import worker_logs

SOURCE = """
import json, time
def handler(event, context):
    print(json.dumps({"message": "request", "rows": event["rows"]}))
    metrics = [{"Namespace": "Serinus", "Dimensions": [[]], "Metrics": [{"Name": "Rows"}]}]
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": metrics}
    print(json.dumps({"_aws": about, "Rows": event["rows"]}))
    if event["rows"] == 0:
        raise ValueError("no rows")
"""


def invoke(aws, function, rows):
    return aws("lambda").invoke(FunctionName=function, Payload=json.dumps({"rows": rows}))


def total(aws, namespace, name, **dimensions):
    now = datetime.now(UTC)
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": named}
    got = aws("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}],
        StartTime=now - timedelta(minutes=30),
        EndTime=now + timedelta(minutes=5),
    )
    return sum(got["MetricDataResults"][0]["Values"])


def test_what_a_function_writes_is_in_its_log_group(aws, function):
    name = function(SOURCE).rpartition(":")[2]
    invoke(aws, name, 3)
    found = aws("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="{ $.rows = 3 }")
    (event,) = found["events"]
    assert json.loads(event["message"]) == {"message": "request", "rows": 3}
    assert "[$LATEST]" in event["logStreamName"]
    report = aws("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="REPORT")["events"]
    assert len(report) == 1


def test_a_stream_keeps_its_newest_lines(aws, function):
    name = function(SOURCE).rpartition(":")[2]
    worker_logs.listener(name, "1", "oldest\n" + "line\n" * worker_logs.MOST_EVENTS, None)
    kept = aws("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="oldest")["events"]
    assert kept == []
    assert len(aws("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]) == 10_000  # a page


def test_a_function_writes_to_the_group_it_is_configured_with(aws, function):
    name = function(SOURCE, LoggingConfig={"LogGroup": "predictions"}).rpartition(":")[2]
    invoke(aws, name, 3)
    assert aws("logs").filter_log_events(logGroupName="predictions", filterPattern="request")["events"]
    assert aws("lambda").get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"] == "predictions"


def test_metrics_that_a_function_writes_can_be_asked_for(aws, function):
    name = function(SOURCE)
    invoke(aws, name, 3)
    invoke(aws, name, 4)
    assert total(aws, "Serinus", "Rows") == 7


def test_invocations_and_errors_are_counted(aws, function):
    name = function(SOURCE).rpartition(":")[2]
    for rows in (1, 0, 2):
        invoke(aws, name, rows)
    assert total(aws, "AWS/Lambda", "Invocations", FunctionName=name) == 3
    assert total(aws, "AWS/Lambda", "Errors", FunctionName=name) == 1
    assert total(aws, "AWS/Lambda", "Duration", FunctionName=name) > 0


def test_moto_still_drops_the_log_group_of_a_function(plain_moto):
    assert plain_moto["log group"], "moto no longer needs localaws/worker_logs: drop it"
