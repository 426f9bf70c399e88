"""Events of other services: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html"""

import json

import pytest

from tests.localaws.lambdas.test_invoking import eventually

KEEPS = """
import json, time

def handler(event, context):
    time.sleep(2)
    with open(%r, "a") as file:
        file.write(json.dumps([context.function_version, event["Records"][0]]) + chr(10))
"""


@pytest.fixture
def keeper(aws, function, tmp_path):
    """The ARN of an alias all of whose events go to its additional version 2, and the file it keeps them in."""
    kept = tmp_path / "kept"
    name = function(KEEPS % str(kept))
    aws.publish_version(FunctionName=name)
    aws.update_function_configuration(FunctionName=name, Timeout=10)
    aws.publish_version(FunctionName=name)
    routing = {"AdditionalVersionWeights": {"2": 1.0}}
    alias = aws.create_alias(FunctionName=name, Name="live", FunctionVersion="1", RoutingConfig=routing)
    return alias["AliasArn"], kept


def test_a_new_object_reaches_the_function_and_nobody_waits(laptop, keeper):
    arn, kept = keeper
    s3 = laptop.client("s3")
    s3.create_bucket(Bucket="events-in")
    notify = [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]
    s3.put_bucket_notification_configuration(
        Bucket="events-in", NotificationConfiguration={"LambdaFunctionConfigurations": notify}
    )
    s3.put_object(Bucket="events-in", Key="rows.csv", Body=b"1")
    assert not kept.exists()
    assert eventually(kept.exists)
    version, record = json.loads(kept.read_text())
    assert (version, record["s3"]["object"]["key"]) == ("2", "rows.csv")


def test_a_notification_reaches_the_function_and_nobody_waits(laptop, keeper):
    arn, kept = keeper
    sns = laptop.client("sns")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="too slow")
    assert not kept.exists()
    assert eventually(kept.exists)
    version, record = json.loads(kept.read_text())
    assert (version, record["Sns"]["Message"]) == ("2", "too slow")


def test_a_queue_reaches_the_function(laptop, aws, function, tmp_path):
    kept = tmp_path / "kept"
    name = function(KEEPS % str(kept))
    sqs = laptop.client("sqs")
    queue = sqs.create_queue(QueueName="work")["QueueUrl"]
    source = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws.create_event_source_mapping(FunctionName=name, EventSourceArn=source)
    sqs.send_message(QueueUrl=queue, MessageBody="one")
    assert eventually(kept.exists)
    assert json.loads(kept.read_text())[1]["body"] == "one"


def test_a_queue_keeps_what_a_throttled_function_did_not_take(laptop, aws, function, tmp_path):
    name = function(KEEPS % str(tmp_path / "kept"))
    aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    sqs = laptop.client("sqs")
    queue = sqs.create_queue(QueueName="throttled")["QueueUrl"]
    source = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws.create_event_source_mapping(FunctionName=name, EventSourceArn=source)
    sqs.send_message(QueueUrl=queue, MessageBody="one")
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=queue)["Messages"]] == ["one"]
    assert not (tmp_path / "kept").exists()
