"""User Guide of EventBridge, "Event bus targets in Amazon EventBridge"."""

import json
from datetime import UTC, datetime

import pytest

from localaws.event_targets import fire
from tests.localaws.steps.machines import PASS, create
from tests.localaws.steps.waiting import messages, queue, until

SEND = """
import json, boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl={url!r}, MessageBody=json.dumps(event))
"""


@pytest.fixture
def rule(aws):
    def make(*targets, name="rule", **fields):
        pattern = {} if "ScheduleExpression" in fields else {"EventPattern": json.dumps({"source": ["serinus"]})}
        aws("events").put_rule(Name=name, **pattern, **fields)
        numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
        aws("events").put_targets(Rule=name, Targets=numbered)

    return make


def put(aws, source="serinus", **detail):
    entry = {"Source": source, "DetailType": "job done", "Detail": json.dumps(detail)}
    return aws("events").put_events(Entries=[entry])


def test_a_queue_gets_the_whole_event(aws, rule):
    url, arn = queue(aws, "events")
    rule({"Arn": arn})
    put(aws, job="one")
    (event,) = [json.loads(body) for body in messages(aws, url)]
    assert (event["source"], event["detail-type"], event["detail"]) == ("serinus", "job done", {"job": "one"})
    assert (event["account"], event["region"], event["version"]) == ("123456789012", "us-east-1", "0")
    assert datetime.fromisoformat(event["time"]).tzinfo is not None


def test_a_function_is_invoked(aws, rule, function):
    url, _ = queue(aws, "called")
    rule({"Arn": function(SEND.format(url=url))})
    put(aws, job="one")
    (event,) = [json.loads(body) for body in until(lambda: messages(aws, url))]
    assert event["detail"] == {"job": "one"}


def test_a_state_machine_starts(aws, rule):
    machine = create(aws, PASS)
    rule({"Arn": machine, "RoleArn": "arn:aws:iam::123456789012:role/r", "InputPath": "$.detail"})
    put(aws, job="one")
    (started,) = until(lambda: aws("stepfunctions").list_executions(stateMachineArn=machine)["executions"])
    described = aws("stepfunctions").describe_execution(executionArn=started["executionArn"])
    assert json.loads(described["input"]) == {"job": "one"}


def test_a_topic_gets_what_the_transformer_makes(aws, rule):
    url, arn = queue(aws, "told")
    topic = aws("sns").create_topic(Name="told")["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
    transformer = {"InputPathsMap": {"job": "$.detail.job"}, "InputTemplate": '{"said": "job <job>"}'}
    rule({"Arn": topic, "InputTransformer": transformer})
    put(aws, job="one")
    assert [json.loads(body) for body in messages(aws, url)] == [{"said": "job one"}]


def test_a_target_that_is_gone_does_not_keep_the_others_from_theirs(aws, rule):
    url, arn = queue(aws, "events")
    absent = "arn:aws:states:us-east-1:123456789012:stateMachine:absent"
    rule({"Arn": absent}, {"Arn": "arn:aws:sqs:us-east-1:123456789012:absent"}, {"Arn": arn})
    assert put(aws, job="one")["FailedEntryCount"] == 0
    assert len(messages(aws, url)) == 1


def test_a_rule_that_does_not_match_or_is_disabled_sends_nothing(aws, rule):
    url, arn = queue(aws, "events")
    rule({"Arn": arn})
    put(aws, source="other")
    aws("events").disable_rule(Name="rule")
    put(aws)
    assert messages(aws, url) == []


def test_a_schedule_fires_when_told_to_and_at_no_event(aws, rule):
    url, arn = queue(aws, "events")
    rule({"Arn": arn, "Input": '{"watch": true}'}, name="hourly", ScheduleExpression="rate(1 hour)")
    rule({"Arn": arn}, name="daily", ScheduleExpression="rate(1 day)")
    put(aws)
    assert messages(aws, url) == []
    fire("hourly", now=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert [json.loads(body) for body in messages(aws, url)] == [{"watch": True}]
    fire("daily", now=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    (event,) = [json.loads(body) for body in messages(aws, url)]
    assert (event["detail-type"], event["time"]) == ("Scheduled Event", "2026-01-02T03:04:05Z")


def test_an_unknown_rule_does_not_fire(aws):
    with pytest.raises(LookupError, match="no rule 'nightly'"):
        fire("nightly", now=datetime(2026, 1, 2, tzinfo=UTC))


def test_moto_still_knows_no_state_machine_as_a_target(plain_moto):
    assert plain_moto["targets"], "moto no longer needs localaws/event_targets: drop it"
