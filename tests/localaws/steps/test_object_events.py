"""User Guide of S3, "EventBridge event message structure" and "Event notification types and destinations"."""

import json

import pytest

from tests.localaws.steps.waiting import messages, queue, until

PART = b"x" * 5 * 1024 * 1024


@pytest.fixture
def uploads(aws):
    """A bucket whose events go to EventBridge and from there to a queue; tells them."""
    aws("s3").create_bucket(Bucket="uploads")
    configuration = {"EventBridgeConfiguration": {}}
    aws("s3").put_bucket_notification_configuration(Bucket="uploads", NotificationConfiguration=configuration)
    url, arn = queue(aws, "uploads")
    aws("events").put_rule(Name="uploads", EventPattern=json.dumps({"source": ["aws.s3"]}))
    aws("events").put_targets(Rule="uploads", Targets=[{"Id": "1", "Arn": arn}])
    return lambda: [json.loads(body) for body in messages(aws, url)]


def upload_in_parts(aws, key):
    s3 = aws("s3")
    upload = s3.create_multipart_upload(Bucket="uploads", Key=key)["UploadId"]
    named = {"Bucket": "uploads", "Key": key, "UploadId": upload}
    parts = [{"PartNumber": 1, "ETag": s3.upload_part(**named, PartNumber=1, Body=PART)["ETag"]}]
    s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})


def test_an_object_that_is_put_is_told_once(aws, uploads):
    put = aws("s3").put_object(Bucket="uploads", Key="in/a b+c/ü.csv", Body=b"rows")
    (event,) = uploads()
    assert (event["detail-type"], event["detail"]["reason"]) == ("Object Created", "PutObject")
    told = event["detail"]["object"]
    assert (told["key"], told["size"], told["etag"]) == ("in/a b+c/ü.csv", 4, put["ETag"].strip('"'))
    assert event["resources"] == ["arn:aws:s3:::uploads"]


def test_later_events_have_later_sequencers_and_ids_of_their_own(aws, uploads):
    for _ in range(2):
        aws("s3").put_object(Bucket="uploads", Key="a", Body=b"rows")
    first, second = sorted(uploads(), key=lambda event: event["detail"]["object"]["sequencer"])
    assert first["id"] != second["id"]
    assert first["detail"]["object"]["sequencer"] != second["detail"]["object"]["sequencer"]


def test_an_upload_in_parts_is_told_once(aws, uploads):
    upload_in_parts(aws, "big")
    assert [event["detail"]["reason"] for event in uploads()] == ["CompleteMultipartUpload"]


def test_a_deleted_object_is_told(aws, uploads):
    aws("s3").put_object(Bucket="uploads", Key="a", Body=b"rows")
    aws("s3").delete_object(Bucket="uploads", Key="a")
    told = {(event["detail-type"], event["detail"]["reason"]) for event in uploads()}
    assert told == {("Object Created", "PutObject"), ("Object Deleted", "DeleteObject")}


def test_a_notified_queue_hears_once_of_an_upload_in_parts(aws, uploads):
    url, arn = queue(aws, "notified")
    configuration = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    aws("s3").put_bucket_notification_configuration(Bucket="uploads", NotificationConfiguration=configuration)
    messages(aws, url)  # S3 tries the queue
    upload_in_parts(aws, "big")
    (body,) = messages(aws, url)
    assert [record["eventName"] for record in json.loads(body)["Records"]] == ["ObjectCreated:CompleteMultipartUpload"]


def test_a_notified_function_is_invoked_through_its_alias(aws, uploads, function):
    url, _ = queue(aws, "called")
    source = f"""
import json, boto3
def handler(event, context):
    body = json.dumps([context.function_version, event["Records"][0]["s3"]["object"]["key"]])
    boto3.client("sqs").send_message(QueueUrl={url!r}, MessageBody=body)
"""
    arn = function(source)
    aws("lambda").publish_version(FunctionName=arn)
    aws("lambda").create_alias(FunctionName=arn, Name="live", FunctionVersion="1")
    told = [{"LambdaFunctionArn": f"{arn}:live", "Events": ["s3:ObjectCreated:*"]}]
    configuration = {"LambdaFunctionConfigurations": told}
    aws("s3").put_bucket_notification_configuration(Bucket="uploads", NotificationConfiguration=configuration)
    aws("s3").put_object(Bucket="uploads", Key="a", Body=b"rows")
    assert [json.loads(body) for body in until(lambda: messages(aws, url))] == [["1", "a"]]


def test_moto_still_tells_twice_of_an_upload_in_parts(plain_moto):
    assert plain_moto["parts"], "moto no longer needs localaws/object_events: drop it"
