"""Deliver events to the targets of EventBridge rules.

AWS ("Event bus targets in Amazon EventBridge", User Guide): a rule that is enabled and whose pattern matches sends the
event to its targets, each in its own way and after PutEvents has answered; a target that fails does not fail PutEvents.
A rule with a schedule and no pattern matches no event.
moto: knows neither Lambda, Step Functions nor SNS as a target and fails PutEvents over them; sends through disabled
rules; sends every event to a rule with a schedule; knows no Input and no InputPath; drops the account from the event.
Schedules do not fire by themselves here: `fire` does it.
"""

import copy
import logging
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from moto.core.exceptions import ServiceException
from moto.events.models import Rule, events_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.stepfunctions.responses import get_backend as machines_of
from werkzeug.exceptions import HTTPException

from localaws.dispatch import ACCOUNT, REGION, current
from localaws.event_inputs import text_for
from localaws.patching import Function, override

log = logging.getLogger(__name__)

FIELDS = ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")
Event = Mapping[str, Any]


def apply() -> None:
    override(Rule, "send_to_targets", _send)


def publish(event: Event, *, account: str = ACCOUNT, region: str = REGION) -> None:
    """Put an event of an AWS service on the default bus."""
    for rule in list(events_backends[account][region].event_buses["default"].rules.values()):
        rule.send_to_targets(event)  # type: ignore[arg-type]  # all of its fields are in it


def fire(rule: str, *, now: datetime, region: str = REGION) -> None:
    """Do what the schedule of a rule does at `now`."""
    rules = events_backends[ACCOUNT][region].event_buses["default"].rules
    if rule not in rules:
        raise LookupError(f"no rule {rule!r} on the default bus: expected one of {', '.join(sorted(rules)) or 'none'}")
    scheduled = rules[rule]
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
        "resources": [scheduled.arn],
        "detail": {},
    }
    _deliver(scheduled, event)


def _send(original: Function) -> Function:
    def send_to_targets(self: Any, original_event: Event, transform_input: bool = True) -> None:
        if self.state != "ENABLED" or not self.event_pattern.get_pattern():
            return
        event = {field: original_event[field] for field in FIELDS}
        event["time"] = _iso(event["time"])
        if self.event_pattern.matches_event(event):
            for target in _deliver(self, event):
                alone = copy.copy(self)
                alone.targets = [target]
                original(alone, original_event, transform_input)

    return send_to_targets


def _deliver(rule: Any, event: Event) -> list[Any]:
    """The targets that are left: moto delivers to buses, archives and log groups."""
    left = []
    given = {
        "aws.events.event": event,
        "aws.events.event.json": event,
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.rule-arn": rule.arn,
        "aws.events.rule-name": rule.name,
    }
    for target in rule.targets:
        deliver = DELIVERIES.get(target["Arn"].split(":")[2])
        if deliver is None:
            left.append(target)
            continue
        try:
            deliver(target, text_for(target, event, given))
        except (HTTPException, ServiceException) as error:
            log.warning("rule %s could not deliver to %s: %s", rule.name, target["Arn"], error)
    return left


def _to_function(target: Event, text: str) -> None:
    current().submit(target["Arn"], None, text.encode(), region=target["Arn"].split(":")[3])


def _to_machine(target: Event, text: str) -> None:
    _, _, _, region, account, *_ = target["Arn"].split(":")
    machines_of(account, region).start_execution(target["Arn"], None, text)  # type: ignore[arg-type]  # the name


def _to_queue(target: Event, text: str) -> None:
    _, _, _, region, account, name = target["Arn"].split(":")
    group = target.get("SqsParameters", {}).get("MessageGroupId")
    sqs_backends[account][region].send_message(queue_name=name, message_body=text, group_id=group)


def _to_topic(target: Event, text: str) -> None:
    _, _, _, region, account, _ = target["Arn"].split(":")
    sns_backends[account][region].publish(arn=target["Arn"], message=text)


DELIVERIES: Mapping[str, Callable[[Event, str], None]] = MappingProxyType(
    {"lambda": _to_function, "states": _to_machine, "sqs": _to_queue, "sns": _to_topic}
)


def _iso(time: Any) -> Any:
    return time if isinstance(time, str) else f"{datetime.fromtimestamp(float(time), UTC):%Y-%m-%dT%H:%M:%SZ}"
