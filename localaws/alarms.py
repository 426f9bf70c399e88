"""Evaluate CloudWatch's alarms, on demand or in a thread.

AWS ("Using Amazon CloudWatch alarms", User Guide): an alarm starts without data and keeps its state when its
configuration changes; it is evaluated every minute (every ten seconds when its period is shorter than a minute) over
windows that end then; a composite alarm follows the states of others.
moto: every alarm is OK, always; a changed one is OK again; there is no PutCompositeAlarm.
"""

import functools
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse

from localaws.alarm_actions import change_state
from localaws.alarm_rules import BadRule, is_met, names_in
from localaws.alarm_states import COMPARISONS, TREATMENTS, Rule
from localaws.datapoints import UnknownStatistic
from localaws.measurements import Measurements, measurements_of
from localaws.metric_queries import answers
from localaws.patching import Function, override
from localaws.queue_metrics import measure_queues
from localaws.repeating import Repeatedly
from localaws.series import UnknownMath

log = logging.getLogger(__name__)

ONE_AT_A_TIME = threading.RLock()
UNCHECKED = "Unchecked: Initial alarm creation"


def apply() -> None:
    override(CloudWatchBackend, "put_metric_alarm", _put)
    vars_of: Any = CloudWatchResponse
    vars_of.put_composite_alarm = CloudWatchResponse.put_metric_alarm  # which reads AlarmRule too


def evaluate(now: datetime) -> None:
    """Bring every alarm into the state that its data at `now` means."""
    with ONE_AT_A_TIME:
        for backend in _backends():
            measurements = measurements_of(backend)
            alarms = list(backend.alarms.values())
            for alarm in alarms:
                if alarm.rule is None:
                    _evaluate_metric_alarm(alarm, measurements, now)
            _evaluate_composite_alarms(alarms, now)


def watch(*, interval_s: float, clock: Callable[[], datetime]) -> Repeatedly:
    """Measures queues and evaluates alarms every `interval_s` seconds, while in its context."""

    def measure_and_evaluate() -> None:
        now = clock()
        measure_queues(now)
        evaluate(now)

    return Repeatedly(measure_and_evaluate, interval_s=interval_s, name="alarms")


def _backends() -> Iterator[Any]:
    for regions in list(cloudwatch_backends.values()):
        yield from list(regions.values())


def _evaluate_metric_alarm(alarm: Any, measurements: Measurements, now: datetime) -> None:
    rule = _rule(alarm)
    queries, watched = _queries(alarm)
    period_s = min(int(query.get("MetricStat", query).get("Period") or 60) for query in queries)
    end = _floor(now, min(period_s, 60))
    moments = [end - timedelta(seconds=period_s * back) for back in range(rule.periods, 0, -1)]
    try:
        series = answers(measurements, queries, moments[0], end)[watched]
    except (UnknownMath, UnknownStatistic) as error:
        log.warning("alarm %s cannot be evaluated: %s", alarm.name, error)
        return
    datapoints = [series.get(moment) for moment in moments]
    state = rule.state(datapoints, alarm.state_value)
    recent = {moment.isoformat(): value for moment, value in zip(moments, datapoints, strict=True)}
    evidence = {"version": "1.0", "queryDate": now.isoformat(), "period": period_s, "threshold": rule.threshold}
    reason_data = json.dumps({**evidence, "evaluatedDatapoints": recent})
    change_state(alarm, state, reason=_reason(rule, datapoints), reason_data=reason_data, now=now)


def _evaluate_composite_alarms(alarms: Sequence[Any], now: datetime) -> None:
    states = _settled(alarms)
    for alarm in alarms:
        if alarm.rule is not None:
            causes = ", ".join(f"{name} is {states.get(name)}" for name in names_in(alarm.rule))
            reason = f"{alarm.alarm_arn} transitioned to {states[alarm.name]}: {causes}"
            change_state(alarm, states[alarm.name], reason=reason, reason_data=None, now=now)


def _settled(alarms: Sequence[Any]) -> Mapping[str, str]:
    """A composite alarm may watch another: after as many passes as there are alarms each has seen what it watches."""
    states: dict[str, str] = {alarm.name: alarm.state_value for alarm in alarms}
    composites = [alarm for alarm in alarms if alarm.rule is not None]
    for _ in composites:
        states |= {alarm.name: "ALARM" if is_met(alarm.rule, states) else "OK" for alarm in composites}
    return states


def _rule(alarm: Any) -> Rule:
    periods = int(alarm.evaluation_periods)
    to_alarm = int(alarm.datapoints_to_alarm or periods)
    missing = alarm.treat_missing_data or "missing"
    return Rule(alarm.comparison_operator, float(alarm.threshold), periods, to_alarm, missing)


def _queries(alarm: Any) -> tuple[list[dict[str, Any]], str]:
    """And the id of the query whose result is held against the threshold."""
    if not alarm.metric_data_queries:
        metric = {"Namespace": alarm.namespace, "MetricName": alarm.metric_name, "Dimensions": _wire(alarm.dimensions)}
        stat = {"Metric": metric, "Period": int(alarm.period), "Stat": alarm.extended_statistic or alarm.statistic}
        return [{"Id": "watched", "MetricStat": {**stat, "Unit": alarm.unit}}], "watched"
    queries = [_query(query) for query in alarm.metric_data_queries]
    answered = [query.id for query in alarm.metric_data_queries if query.return_data in (None, True, "true", "True")]
    return queries, answered[0]


def _query(query: Any) -> dict[str, Any]:
    if query.expression:
        return {"Id": query.id, "Expression": query.expression, "Period": query.period}
    metric = query.metric_stat.metric
    wire = {"Namespace": metric.namespace, "MetricName": metric.metric_name, "Dimensions": _wire(metric.dimensions)}
    stat = {"Metric": wire, "Period": int(query.metric_stat.period), "Stat": query.metric_stat.stat}
    return {"Id": query.id, "MetricStat": {**stat, "Unit": query.metric_stat.unit}}


def _wire(dimensions: Sequence[Any]) -> list[dict[str, str]]:
    return [{"Name": dimension.name, "Value": dimension.value} for dimension in dimensions]


def _floor(now: datetime, step_s: int) -> datetime:
    return datetime.fromtimestamp(now.timestamp() // step_s * step_s, UTC)


def _reason(rule: Rule, datapoints: Sequence[float | None]) -> str:
    newest = [value for value in datapoints if value is not None][-rule.evaluation_periods :]
    if not newest:
        return "Insufficient Data: no datapoints were received"
    breaching = sum(rule.breaches(value) for value in newest)
    values = ", ".join(str(value) for value in newest)
    return (
        f"Threshold Crossed: {breaching} out of the last {rule.evaluation_periods} datapoints [{values}] breached "
        f"the threshold ({rule.comparison} {rule.threshold}), {rule.datapoints_to_alarm} make an alarm."
    )


def _put(original: Function) -> Function:
    @functools.wraps(original)
    def put_metric_alarm(self: Any, **asked: Any) -> Any:
        _check(asked, self.alarms)
        with ONE_AT_A_TIME:
            known = self.alarms.get(asked["name"])
            alarm = original(self, **asked)
            if known is None:
                alarm.state_value, alarm.state_reason = "INSUFFICIENT_DATA", UNCHECKED
            else:
                for kept in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history"):
                    setattr(alarm, kept, getattr(known, kept))
            return alarm

    return put_metric_alarm


def _check(asked: Mapping[str, Any], alarms: Mapping[str, Any]) -> None:
    """What this could not evaluate is refused at once."""
    if asked.get("rule"):
        _check_rule(asked["rule"], alarms)
    elif asked.get("comparison_operator") not in COMPARISONS:
        raise ValidationError(f"localaws evaluates no {asked.get('comparison_operator')}: {', '.join(COMPARISONS)}")
    if asked.get("treat_missing_data") not in (None, *TREATMENTS):
        raise ValidationError(f"TreatMissingData must be one of {', '.join(TREATMENTS)}")


def _check_rule(rule: str, alarms: Mapping[str, Any]) -> None:
    try:
        is_met(rule, {})
        absent = [name for name in names_in(rule) if name not in alarms]
    except BadRule as error:
        raise ValidationError(f"AlarmRule must be a valid rule: {error}") from error
    if absent:
        raise ValidationError(f"The alarm rule names alarms that do not exist: {', '.join(absent)}")
