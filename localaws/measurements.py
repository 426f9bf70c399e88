"""What was measured, as moto's CloudWatch keeps it, in periods."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.models import MetricAggregatedDatum

from localaws.datapoints import Period, StatisticSet
from localaws.packed_metrics import PackedDatum
from localaws.series import Series

Accepts = Callable[[Any], bool]


@dataclass(frozen=True)
class Metric:
    """AWS ("Metrics concepts", CloudWatch User Guide): a namespace, a name, and exactly these dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    unit: str | None = None

    @classmethod
    def of(cls, wire: Mapping[str, Any], unit: str | None) -> "Metric":
        dimensions = frozenset((each["Name"], each["Value"]) for each in wire.get("Dimensions") or ())
        return cls(wire["Namespace"], wire["MetricName"], dimensions, unit)

    def accepts(self, datum: Any) -> bool:
        named = datum.name == self.name and datum.namespace == self.namespace
        return named and self.unit in (None, datum.unit) and frozenset(dimensions_of(datum).items()) == self.dimensions


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
    """All of one account and region."""

    measured: Iterable[Any]

    def periods(self, accepts: Accepts, window: Window) -> Mapping[datetime, Period]:
        sets: dict[datetime, list[StatisticSet]] = defaultdict(list)
        for datum in self.measured:
            when = in_utc(datum.timestamp)
            if window.start <= when < window.end and accepts(datum):
                sets[window.moment_of(when)].append(_set(datum))
        return {moment: Period(sets[moment]) for moment in sorted(sets)}

    def series(self, accepts: Accepts, statistic: str, window: Window) -> Series:
        periods = self.periods(accepts, window)
        values = ((moment, period.statistic(statistic)) for moment, period in periods.items())
        return {moment: value for moment, value in values if value is not None}


def measurements_of(backend: Any) -> Measurements:
    return Measurements([*backend.metric_data, *backend.aws_metric_data])


def dimensions_of(datum: Any) -> dict[str, str]:
    return {dimension.name: dimension.value for dimension in datum.dimensions}


def in_utc(when: datetime) -> datetime:
    """moto's times are naive, and mean UTC."""
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def _set(datum: Any) -> StatisticSet:
    if isinstance(datum, MetricAggregatedDatum):
        return StatisticSet(datum.sample_count, datum.sum, datum.min, datum.max)
    return StatisticSet.of(datum.values if isinstance(datum, PackedDatum) else [datum.value])
