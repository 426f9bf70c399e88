"""Change the state of an alarm and tell whom it names.

AWS ("Acting on alarm changes" and "Alarm events and EventBridge", CloudWatch User Guide): a change of state goes to
the alarm's history, to EventBridge as "CloudWatch Alarm State Change", and, if its actions are enabled, to the actions
of the new state: SNS topics get a JSON message, functions an event. SetAlarmState does so too.
moto: stores the state and does nothing else; it has no DescribeAlarmHistory.
"""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from moto.cloudwatch.models import Alarm
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.sns.models import sns_backends
from werkzeug.exceptions import HTTPException

from localaws.dispatch import current
from localaws.event_targets import publish
from localaws.patching import Function, override

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Change:
    """From one state of an alarm to another."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    when: datetime

    def data(self) -> str:
        return json.dumps({"version": "1.0", "oldState": self.before, "newState": self.after})


def apply() -> None:
    override(Alarm, "update_state", _update)
    if not hasattr(CloudWatchResponse, "describe_alarm_history"):
        vars_of: Any = CloudWatchResponse
        vars_of.describe_alarm_history = _describe_history


def change_state(alarm: Any, state: str, *, reason: str, reason_data: str | None, now: datetime) -> None:
    """Does nothing when it is in that state."""
    if alarm.state_value == state:
        return
    before = _state(alarm)
    alarm.state_value, alarm.state_reason, alarm.state_reason_data = state, reason, reason_data or "{}"
    alarm.state_updated_timestamp = now.astimezone(UTC).replace(tzinfo=None)
    change = Change(before, _state(alarm), now)
    _remember(alarm, "StateUpdate", f"Alarm updated from {before['stateValue']} to {state}", change.data(), now)
    region, account = alarm.alarm_arn.split(":")[3:5]
    publish(_event(alarm, change), account=account, region=region)
    if alarm.actions_enabled:
        for action in _actions(alarm, state):
            _act(alarm, action, change)


def _update(_: Function) -> Function:
    def update_state(self: Any, reason: str, reason_data: str | None, state_value: str) -> None:
        now = utcnow().replace(tzinfo=UTC)
        change_state(self, state_value, reason=reason, reason_data=reason_data, now=now)

    return update_state


def _describe_history(self: Any) -> ActionResult:
    asked = self._get_params()
    kind, name = asked.get("HistoryItemType"), asked.get("AlarmName")
    items = [item for alarm in self.cloudwatch_backend.alarms.values() for item in alarm.history]
    wanted = [item for item in items if name in (None, item["AlarmName"]) and kind in (None, item["HistoryItemType"])]
    newest_first = asked.get("ScanBy") != "TimestampAscending"
    ordered = sorted(wanted, key=lambda item: item["Timestamp"], reverse=newest_first)
    return ActionResult({"AlarmHistoryItems": ordered[: int(asked.get("MaxRecords") or 100)]})


def _state(alarm: Any) -> dict[str, str]:
    return {"stateValue": alarm.state_value, "stateReason": alarm.state_reason}


def _actions(alarm: Any, state: str) -> list[str]:
    by_state = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }
    return list(by_state[state])


def _act(alarm: Any, action: str, change: Change) -> None:
    act = ACTIONS.get(action.split(":")[2])
    if act is None:
        log.warning("alarm %s: localaws has no action %s", alarm.name, action)
        return
    try:
        act(alarm, action, change)
    except (HTTPException, ServiceException) as error:
        log.warning("alarm %s could not act on %s: %s", alarm.name, action, error)
        _remember(alarm, "Action", f"Failed to execute action {action}", json.dumps({"error": str(error)}), change.when)
    else:
        _remember(alarm, "Action", f"Successfully executed action {action}", "{}", change.when)


def _to_topic(alarm: Any, action: str, change: Change) -> None:
    region, account = action.split(":")[3:5]
    subject = f'{alarm.state_value}: "{alarm.name}" in {region}'
    message = json.dumps(_message(alarm, change))
    sns_backends[account][region].publish(arn=action, message=message, subject=subject[:100])


def _to_function(alarm: Any, action: str, change: Change) -> None:
    event = _event(alarm, change)
    sent = {"source": "aws.cloudwatch", "alarmArn": alarm.alarm_arn, "accountId": event["account"]}
    sent |= {"time": event["time"], "region": event["region"], "alarmData": event["detail"]}
    current().submit(action, None, json.dumps(sent).encode(), region=action.split(":")[3])


ACTIONS: Mapping[str, Callable[[Any, str, Change], None]] = MappingProxyType({"sns": _to_topic, "lambda": _to_function})


def _message(alarm: Any, change: Change) -> dict[str, Any]:
    region, account = alarm.alarm_arn.split(":")[3:5]
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": f"{alarm.configuration_updated_timestamp:%Y-%m-%dT%H:%M:%S.000+0000}",
        "NewStateValue": change.after["stateValue"],
        "NewStateReason": change.after["stateReason"],
        "StateChangeTime": f"{change.when.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000+0000}",
        "Region": region,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": change.before["stateValue"],
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        **({"AlarmRule": alarm.rule} if alarm.rule else {"Trigger": _trigger(alarm)}),
    }


def _trigger(alarm: Any) -> dict[str, Any]:
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "Statistic": (alarm.statistic or "").upper() or None,
        "ExtendedStatistic": alarm.extended_statistic,
        "Dimensions": [{"name": each.name, "value": each.value} for each in alarm.dimensions],
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm or alarm.evaluation_periods,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
    }


def _event(alarm: Any, change: Change) -> dict[str, Any]:
    region, account = alarm.alarm_arn.split(":")[3:5]
    state = {"value": change.after["stateValue"], "reason": change.after["stateReason"]}
    previous = {"value": change.before["stateValue"], "reason": change.before["stateReason"]}
    detail = {"alarmName": alarm.name, "state": state, "previousState": previous}
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": account,
        "time": f"{change.when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
        "resources": [alarm.alarm_arn],
        "detail": {**detail, "configuration": {"description": alarm.description}},
    }


def _remember(alarm: Any, kind: str, summary: str, said: str, now: datetime) -> None:
    alarm.history.append(
        {
            "AlarmName": alarm.name,
            "AlarmType": "CompositeAlarm" if alarm.rule else "MetricAlarm",
            "Timestamp": now,
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": said,
        }
    )
