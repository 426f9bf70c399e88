"""AWS::SNS::*, AWS::SQS::*, AWS::Events::* and AWS::Scheduler::*: what is told to whom."""

import json
from collections.abc import Mapping
from typing import Any

from localaws.formation.resources import Kind, Made, Properties, Resource, Wanted, put

TOPIC_ATTRIBUTES = {
    "DisplayName": "DisplayName",
    "KmsMasterKeyId": "KmsMasterKeyId",
    "FifoTopic": "FifoTopic",
    "ContentBasedDeduplication": "ContentBasedDeduplication",
    "SignatureVersion": "SignatureVersion",
    "TracingConfig": "TracingConfig",
}


def create_topic(wanted: Wanted) -> Made:
    name = wanted.get("TopicName") or wanted.name(256)
    attributes = {api: _text(wanted[cfn]) for cfn, api in TOPIC_ATTRIBUTES.items() if cfn in wanted.properties}
    tags = wanted.get("Tags", [])
    sns = wanted.client("sns")
    arn = sns.create_topic(Name=name, Attributes=attributes, Tags=tags)["TopicArn"]
    for subscription in wanted.get("Subscription", []):
        sns.subscribe(TopicArn=arn, Protocol=subscription["Protocol"], Endpoint=subscription["Endpoint"])
    return Made(arn, {"TopicArn": arn, "TopicName": name})


def write_topic_policy(wanted: Wanted) -> Made:
    policy = json.dumps(wanted["PolicyDocument"])
    for topic in wanted["Topics"]:
        wanted.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    return Made(f"{wanted.stack}-{wanted.logical_id}", {"Id": wanted.logical_id})


def subscribe(wanted: Wanted) -> Made:
    attributes = {name: _text(value) for name, value in wanted.but("TopicArn", "Protocol", "Endpoint").items()}
    basic = wanted.only("TopicArn", "Protocol", "Endpoint")
    arn = wanted.client("sns").subscribe(**basic, Attributes=attributes, ReturnSubscriptionArn=True)["SubscriptionArn"]
    return Made(arn, {"Arn": arn})


def create_queue(wanted: Wanted) -> Made:
    fifo = ".fifo" if str(wanted.get("FifoQueue", "")).lower() == "true" else ""
    name = wanted.get("QueueName") or f"{wanted.name(75)}{fifo}"
    sqs = wanted.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=_queue_attributes(wanted.properties), tags=_tags(wanted))[
        "QueueUrl"
    ]
    return Made(url, {"Arn": wanted.arn("sqs", name), "QueueName": name, "QueueUrl": url})


def update_queue(wanted: Wanted, before: Resource) -> Made:
    attributes = _queue_attributes(wanted.properties)
    wanted.client("sqs").set_queue_attributes(QueueUrl=before.made.ref, Attributes=attributes)
    return before.made


def _queue_attributes(properties: Properties) -> Mapping[str, str]:
    return {name: _text(value) for name, value in properties.items() if name not in ("QueueName", "Tags")}


def _tags(wanted: Wanted) -> Mapping[str, str]:
    return {tag["Key"]: tag["Value"] for tag in wanted.get("Tags", [])}


def write_queue_policy(wanted: Wanted) -> Made:
    policy = json.dumps(wanted["PolicyDocument"])
    for queue in wanted["Queues"]:
        wanted.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    return Made(f"{wanted.stack}-{wanted.logical_id}", {"Id": wanted.logical_id})


def write_rule(wanted: Wanted) -> Made:
    """A rule and all of its targets, which the API takes apart."""
    name = wanted.get("Name") or f"{wanted.stack}-{wanted.logical_id}"
    answer = wanted.call("events", "put_rule", wanted.but("Name", "Targets"), Name=name)
    bus = wanted.only("EventBusName")
    targets = wanted.get("Targets", [])
    if targets:
        wanted.call("events", "put_targets", {"Targets": targets, **bus}, Rule=name)
    return Made(name, {"Arn": answer["RuleArn"]})


def delete_rule(wanted: Wanted, made: Made) -> None:
    events, bus = wanted.client("events"), wanted.only("EventBusName")
    there = [target["Id"] for target in events.list_targets_by_rule(Rule=made.ref, **bus)["Targets"]]
    if there:
        events.remove_targets(Rule=made.ref, Ids=there, **bus)
    events.delete_rule(Name=made.ref, **bus)


def update_rule(wanted: Wanted, before: Resource) -> Made:
    """Targets that are no longer wanted must not go on being told."""
    delete_rule(wanted, before.made)
    return write_rule(wanted)


def create_schedule(wanted: Wanted) -> Made:
    name = wanted.get("Name") or wanted.name(64)
    answer = wanted.call("scheduler", "create_schedule", wanted.but("Name"), Name=name)
    return Made(name, {"Arn": answer["ScheduleArn"]})


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def _nothing(_wanted: Wanted, _made: Made) -> None:
    """The policy goes with the topic or the queue."""


KINDS = (
    Kind("AWS::SNS::Topic", create_topic, lambda wanted, made: wanted.client("sns").delete_topic(TopicArn=made.ref)),
    put("AWS::SNS::TopicPolicy", write_topic_policy, _nothing),
    Kind(
        "AWS::SNS::Subscription",
        subscribe,
        lambda wanted, made: wanted.client("sns").unsubscribe(SubscriptionArn=made.ref),
    ),
    Kind(
        "AWS::SQS::Queue",
        create_queue,
        lambda wanted, made: wanted.client("sqs").delete_queue(QueueUrl=made.ref),
        update_queue,
        frozenset({"QueueName", "FifoQueue"}),
    ),
    put("AWS::SQS::QueuePolicy", write_queue_policy, _nothing),
    Kind("AWS::Events::Rule", write_rule, delete_rule, update_rule, frozenset({"Name", "EventBusName"})),
    Kind(
        "AWS::Scheduler::Schedule",
        create_schedule,
        lambda wanted, made: wanted.client("scheduler").delete_schedule(Name=made.ref),
    ),
)
