"""Ask for metrics: GetMetricData and GetMetricStatistics.

AWS (CloudWatch API Reference and "CloudWatch statistics definitions"): a metric is its namespace, its name and exactly
its dimensions; percentiles, trimmed means and math expressions are computed; an expression is answered unless
ReturnData is false; the start is rounded down to the minute (to the period when it is shorter).
moto: a query without dimensions takes every metric of that name, with dimensions it forgets the namespace; a statistic
that is not one of the basic five is null; an expression that is not just an id is empty; every expression is answered.
"""

import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend, MetricAggregatedDatum
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from localaws.datapoints import Period, StatisticSet, UnknownStatistic
from localaws.metric_math import Formula
from localaws.overrides import Function, override
from localaws.series import Series, UnknownMath

Query = Mapping[str, Any]


def apply() -> None:
    override(CloudWatchBackend, "get_metric_data", _metric_data)
    override(CloudWatchResponse, "get_metric_statistics", _metric_statistics)


@dataclass(frozen=True)
class Metric:
    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, wire: Query) -> "Metric":
        dimensions = frozenset((each["Name"], each["Value"]) for each in wire.get("Dimensions") or ())
        return cls(wire["Namespace"], wire["MetricName"], dimensions)


@dataclass(frozen=True)
class Window:
    """From `start` to before `end`, in periods."""

    start: datetime
    end: datetime
    period_s: int

    @property
    def moments(self) -> Sequence[datetime]:
        count = -int((self.start - self.end).total_seconds() // self.period_s)
        return [self.start + timedelta(seconds=self.period_s * index) for index in range(count)]

    def moment_of(self, when: datetime) -> datetime:
        index = (when - self.start).total_seconds() // self.period_s
        return self.start + timedelta(seconds=self.period_s * index)


@dataclass(frozen=True)
class Measurements:
    """All the metrics of one account and region, as moto keeps them."""

    measured: Iterable[Any]

    def periods(self, metric: Metric, window: Window, unit: str | None = None) -> Mapping[datetime, Period]:
        sets: dict[datetime, list[StatisticSet]] = defaultdict(list)
        for datum in self.measured:
            if datum.name == metric.name and datum.namespace == metric.namespace and unit in (None, datum.unit):
                when = in_utc(datum.timestamp)
                if window.start <= when < window.end and _dimensions(datum) == metric.dimensions:
                    sets[window.moment_of(when)].append(_set(datum))
        return {moment: Period(sets[moment]) for moment in sorted(sets)}

    def series(self, stat: Query, window: Window) -> Series:
        periods = self.periods(Metric.of(stat["Metric"]), window, stat.get("Unit"))
        values = ((moment, period.statistic(stat["Stat"])) for moment, period in periods.items())
        return {moment: value for moment, value in values if value is not None}


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
            return measurements.series(query["MetricStat"], Window(start, end, int(query["MetricStat"]["Period"])))
        asked.append(name)
        moments = Window(start, end, int(query.get("Period") or period_s)).moments
        value = Formula(series, metrics, moments).value(query["Expression"])
        asked.remove(name)
        return value

    return {name: series(name) for name in by_id}


def measurements_of(backend: Any) -> Measurements:
    return Measurements([*backend.metric_data, *backend.aws_metric_data])


def in_utc(when: datetime) -> datetime:
    """moto's times are naive, and mean UTC."""
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


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
        periods = measurements_of(self.cloudwatch_backend).periods(Metric.of(asked), window, asked.get("Unit"))
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


def _dimensions(datum: Any) -> frozenset[tuple[str, str]]:
    return frozenset((dimension.name, dimension.value) for dimension in datum.dimensions)


def _set(datum: Any) -> StatisticSet:
    if isinstance(datum, MetricAggregatedDatum):
        return StatisticSet(datum.sample_count, datum.sum, datum.min, datum.max)
    return StatisticSet(1, datum.value, datum.value, datum.value)
