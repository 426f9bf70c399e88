"""What moto, without a patch, still gets wrong: as JSON: a name, and whether it does. Run in its own process."""

import io
import json
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.cloudwatch.models import cloudwatch_backends

from tests.localaws.steps.machines import PASS, REFUSE_BAD, create, distributed, ended, run

Client = Callable[[str], Any]


def client(service: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, region_name="us-east-1", **keys)


def thresholds(aws: Client) -> bool:
    return bool(
        run(aws, distributed(REFUSE_BAD, ItemsPath="$.items"), {"items": [{"bad": True}]})["status"] != "FAILED"
    )


def integer_percentage(aws: Client) -> bool:
    return is_refused(aws, distributed(PASS, ToleratedFailurePercentage=10))


def jsonl(aws: Client) -> bool:
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
    return is_refused(aws, distributed(PASS, ItemReader={**reader, "ReaderConfig": {"InputType": "JSONL"}}))


def empty_manifest(aws: Client) -> bool:
    aws("s3").create_bucket(Bucket="results")
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "results", "Prefix": "p"}}
    output = run(aws, distributed(PASS, ItemsPath="$.items", ResultWriter=writer), {"items": [1]})["output"]
    key = json.loads(output)["ResultWriterDetails"]["Key"]
    return not json.loads(aws("s3").get_object(Bucket="results", Key=key)["Body"].read())["ResultFiles"]["SUCCEEDED"]


def nameless(aws: Client) -> bool:
    machine = create(aws, PASS)
    ended(aws, aws("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"])
    try:
        aws("stepfunctions").start_execution(stateMachineArn=machine)
    except ClientError:
        return True
    return False


def parameters(aws: Client) -> bool:
    start = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": True}
    start["Parameters"] = {"StateMachineArn": create(aws, PASS), "Input": {}}
    return bool(run(aws, {"StartAt": "Do", "States": {"Do": start}})["status"] == "FAILED")


def no_code(aws: Client) -> bool:
    try:
        create(aws, {})
    except ClientError as refused:
        return str(refused.response["Error"]["Code"]) != "InvalidDefinition"
    return True


def text_output(aws: Client) -> bool:
    give = {"Type": "Pass", "Result": "done", "End": True}
    return bool(run(aws, {"StartAt": "Give", "States": {"Give": give}})["output"] != '"done"')


def percentiles(aws: Client) -> bool:
    now = datetime.now(UTC)
    aws("cloudwatch").put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 1, "Timestamp": now}])
    stat = {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "p99"}
    minute = timedelta(minutes=1)
    try:
        got = aws("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "m", "MetricStat": stat}], StartTime=now - minute, EndTime=now + minute
        )
    except TypeError:  # its server cannot say null where a number belongs
        return True
    return bool(got["MetricDataResults"][0]["Values"] != [1])


def an_object_each(aws: Client) -> bool:
    aws("cloudwatch").put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Values": [1], "Counts": [9]}])
    return len(cloudwatch_backends["123456789012"]["us-east-1"].metric_data) > 1


def alarm(aws: Client, **fields: Any) -> None:
    watched = {"Namespace": "N", "MetricName": "m", "Statistic": "Sum", "Period": 60, "Threshold": 0}
    held = {"EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"}
    aws("cloudwatch").put_metric_alarm(AlarmName="alarm", **watched, **held, **fields)


def alarms(aws: Client) -> bool:
    """An alarm whose data never came is OK from its first moment, where AWS has INSUFFICIENT_DATA."""
    alarm(aws)
    return bool(aws("cloudwatch").describe_alarms()["MetricAlarms"][0]["StateValue"] == "OK")


def alarm_actions(aws: Client) -> bool:
    topic = aws("sns").create_topic(Name="topic")["TopicArn"]
    url = aws("sqs").create_queue(QueueName="queue")["QueueUrl"]
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:queue")
    alarm(aws, AlarmActions=[topic])
    aws("cloudwatch").set_alarm_state(AlarmName="alarm", StateValue="ALARM", StateReason="probe")
    return "Messages" not in aws("sqs").receive_message(QueueUrl=url)


def json_patterns(aws: Client) -> bool:
    logs = aws("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    event = {"timestamp": int(time.time() * 1000), "message": '{"a": 1}'}
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])
    return bool(logs.filter_log_events(logGroupName="g", filterPattern="{ $.a = 2 }")["events"])


def log_group(aws: Client) -> bool:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("f.py", "")
    role = aws("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    said = {"Runtime": "python3.13", "Handler": "f.f", "Role": role, "LoggingConfig": {"LogGroup": "g"}}
    aws("lambda").create_function(FunctionName="f", Code={"ZipFile": written.getvalue()}, **said)
    config = aws("lambda").get_function_configuration(FunctionName="f")
    return bool(config.get("LoggingConfig", {}).get("LogGroup") != "g")


def targets(aws: Client) -> bool:
    machine = create(aws, PASS)
    aws("events").put_rule(Name="rule", EventPattern='{"source": ["s"]}')
    aws("events").put_targets(Rule="rule", Targets=[{"Id": "1", "Arn": machine}])
    try:
        aws("events").put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": "{}"}])
    except NotImplementedError:
        return True
    return not aws("stepfunctions").list_executions(stateMachineArn=machine)["executions"]


def parts(aws: Client) -> bool:
    s3, url = aws("s3"), aws("sqs").create_queue(QueueName="queue")["QueueUrl"]
    s3.create_bucket(Bucket="uploads")
    told = {"QueueArn": "arn:aws:sqs:us-east-1:123456789012:queue", "Events": ["s3:ObjectCreated:*"]}
    configuration = {"QueueConfigurations": [told]}
    s3.put_bucket_notification_configuration(Bucket="uploads", NotificationConfiguration=configuration)
    aws("sqs").purge_queue(QueueUrl=url)
    upload = {
        "Bucket": "uploads",
        "Key": "k",
        "UploadId": s3.create_multipart_upload(Bucket="uploads", Key="k")["UploadId"],
    }
    tag = s3.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    return len(aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])) > 1


def tokens(aws: Client) -> bool:
    table = aws("dynamodb")
    keys = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
    attributes = [{"AttributeName": "id", "AttributeType": "S"}]
    table.create_table(TableName="t", AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST", **keys)
    key = {"id": {"S": "a"}}
    add = {"UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    update = {"Update": {"TableName": "t", "Key": key, **add}}
    for _ in range(2):
        table.transact_write_items(TransactItems=[update], ClientRequestToken="token")
    return bool(table.get_item(TableName="t", Key=key)["Item"]["n"]["N"] != "1")


def is_refused(aws: Client, definition: dict[str, Any]) -> bool:
    try:
        create(aws, definition)
    except ClientError:
        return True
    return False


PROBES = {
    "thresholds": thresholds,
    "integer percentage": integer_percentage,
    "jsonl": jsonl,
    "empty manifest": empty_manifest,
    "nameless": nameless,
    "parameters": parameters,
    "no code": no_code,
    "text output": text_output,
    "percentiles": percentiles,
    "an object each": an_object_each,
    "alarms": alarms,
    "alarm actions": alarm_actions,
    "json patterns": json_patterns,
    "log group": log_group,
    "targets": targets,
    "parts": parts,
    "tokens": tokens,
}


def main() -> None:
    misbehaves = {}
    for name, probe in PROBES.items():
        with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
            misbehaves[name] = probe(client)
    sys.stdout.write(json.dumps(misbehaves))


if __name__ == "__main__":
    main()
