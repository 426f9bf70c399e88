"""Ask for metrics: GetMetricData and GetMetricStatistics.

AWS (CloudWatch API Reference and "CloudWatch statistics definitions"): a metric is its namespace, its name and exactly
its dimensions; percentiles, trimmed means and math expressions are computed; an expression is answered unless
ReturnData is false; the start is rounded down to the minute (to the period when it is shorter).
moto: a query without dimensions takes every metric of that name, with dimensions it forgets the namespace; a statistic
that is not one of the basic five is null; an expression that is not just an id is empty; every expression is answered.
"""

import functools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from localaws.datapoints import Period, UnknownStatistic
from localaws.measurements import Measurements, Metric, Window, in_utc, measurements_of
from localaws.metric_insights import Insight, is_insights
from localaws.metric_math import Formula
from localaws.patching import Function, override
from localaws.series import Series, UnknownMath

Query = Mapping[str, Any]


def apply() -> None:
    override(CloudWatchBackend, "get_metric_data", _metric_data)
    override(CloudWatchResponse, "get_metric_statistics", _metric_statistics)


def answers(measurements: Measurements, queries: Sequence[Query], start: datetime, end: datetime) -> dict[str, Series]:
    """The series of every query by its id; an expression has the shortest period of the metrics around it."""
    by_id = {query["Id"]: query for query in queries}
    metrics = [query["Id"] for query in queries if "MetricStat" in query]
    period_s = min((int(by_id[each]["MetricStat"]["Period"]) for each in metrics), default=60)
    asked: list[str] = []

    @functools.cache
    def series(name: str) -> Series:
        if name not in by_id or name in asked:
            raise UnknownMath(f"no query has the id {name!r}" if name not in by_id else f"{name!r} is made of itself")
        query = by_id[name]
        if "MetricStat" in query:
            return _measured(measurements, query["MetricStat"], start, end)
        window = Window(start, end, int(query.get("Period") or period_s))
        if is_insights(query["Expression"]):
            insight = Insight.read(query["Expression"])
            return measurements.series(insight.accepts, insight.statistic, window)
        asked.append(name)
        value = Formula(series, metrics, window.moments).value(query["Expression"])
        asked.remove(name)
        return value

    return {name: series(name) for name in by_id}


def _measured(measurements: Measurements, stat: Query, start: datetime, end: datetime) -> Series:
    metric = Metric.of(stat["Metric"], stat.get("Unit"))
    return measurements.series(metric.accepts, stat["Stat"], Window(start, end, int(stat["Period"])))


def _metric_data(_: Function) -> Function:
    def get_metric_data(
        self: Any, queries: list[Any], start_time: datetime, end_time: datetime, scan_by: str = "TimestampDescending"
    ) -> list[dict[str, Any]]:
        if start_time >= end_time:
            raise ValidationError("The parameter EndTime must be greater than StartTime.")
        shortest_s = min((int(query["MetricStat"]["Period"]) for query in queries if "MetricStat" in query), default=60)
        start = _rounded(in_utc(start_time), shortest_s)
        try:
            found = answers(measurements_of(self), queries, start, in_utc(end_time))
        except (UnknownMath, UnknownStatistic) as error:
            raise ValidationError(str(error)) from error
        newest_first = scan_by == "TimestampDescending"
        return [_answer(query, found[query["Id"]], newest_first=newest_first) for query in queries if _is_wanted(query)]

    return get_metric_data


def _metric_statistics(_: Function) -> Function:
    def get_metric_statistics(self: Any) -> ActionResult:
        asked = self._get_params()
        names = [*asked.get("Statistics", []), *asked.get("ExtendedStatistics", [])]
        if not names:
            raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
        start, end, period_s = in_utc(asked["StartTime"]), in_utc(asked["EndTime"]), int(asked["Period"])
        if start >= end:
            raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
        window = Window(_rounded(start, period_s), end, period_s)
        metric = Metric.of(asked, asked.get("Unit"))
        periods = measurements_of(self.cloudwatch_backend).periods(metric.accepts, window)
        try:
            points = [_datapoint(moment, period, asked) for moment, period in periods.items()]
        except UnknownStatistic as error:
            raise InvalidParameterValue(str(error)) from error
        return ActionResult({"Label": asked["MetricName"], "Datapoints": points})

    return get_metric_statistics


def _datapoint(moment: datetime, period: Period, asked: Query) -> dict[str, Any]:
    basic = {name: period.statistic(name) for name in asked.get("Statistics", [])}
    extended = {name: period.statistic(name) for name in asked.get("ExtendedStatistics", [])}
    there = {name: value for name, value in extended.items() if value is not None}
    return {"Timestamp": moment, "Unit": asked.get("Unit") or "None", **basic, "ExtendedStatistics": there}


def _answer(query: Query, series: Series, *, newest_first: bool) -> dict[str, Any]:
    moments = sorted(series, reverse=newest_first)
    stat = query.get("MetricStat")
    name = f"{stat['Metric']['MetricName']} {stat['Stat']}" if stat else query["Id"]
    values = [series[moment] for moment in moments]
    label = query.get("Label") or name
    return {"id": query["Id"], "label": label, "timestamps": moments, "values": values, "status_code": "Complete"}


def _is_wanted(query: Query) -> bool:
    return query.get("ReturnData") in (None, True, "true", "True")


def _rounded(start: datetime, period_s: int) -> datetime:
    step_s = min(period_s, 60)
    return datetime.fromtimestamp(start.timestamp() // step_s * step_s, UTC)
