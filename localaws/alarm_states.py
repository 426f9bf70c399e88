"""From the datapoints of an alarm to its state.

AWS ("Configuring how CloudWatch alarms treat missing data", User Guide): M of the last N datapoints breaching mean
ALARM. The alarm looks at more periods than N, and goes by the N newest datapoints that are there; only where fewer
than N are, the treatment fills up. With nothing at all, `missing` means INSUFFICIENT_DATA and `ignore` the state it
had. When every datapoint that is there breaches and the oldest of them is at least M periods old, it is ALARM though M
are not there ("Avoiding premature transitions to alarm state").
AWS tells how many periods it looks at only in examples: 5 for N = 3. Here it is N + 2.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
EXTRA_PERIODS = 2
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        "GreaterThanOrEqualToThreshold": operator.ge,
        "GreaterThanThreshold": operator.gt,
        "LessThanThreshold": operator.lt,
        "LessThanOrEqualToThreshold": operator.le,
    }
)
TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")


@dataclass(frozen=True)
class Rule:
    """Of a metric alarm, what its datapoints are held against."""

    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    missing: str = "missing"

    @property
    def periods(self) -> int:
        return self.evaluation_periods + EXTRA_PERIODS

    def breaches(self, value: float) -> bool:
        return COMPARISONS[self.comparison](value, self.threshold)

    def state(self, datapoints: Sequence[float | None], now: State) -> State:
        """datapoints: of the last `periods` periods, oldest first, None where there is none; now: the state it has."""
        newest = [self.breaches(value) for value in datapoints if value is not None][-self.evaluation_periods :]
        absent = self.evaluation_periods - len(newest)
        breaching = sum(newest) + (absent if self.missing == "breaching" else 0)
        if breaching >= self.datapoints_to_alarm:
            return "ALARM"
        if not absent or self.missing in ("breaching", "notBreaching"):
            return "OK"
        return self._state_of_few(newest, _age_of_oldest(datapoints), now)

    def _state_of_few(self, newest: Sequence[bool], age: int, now: State) -> State:
        if not newest:
            return now if self.missing == "ignore" else "INSUFFICIENT_DATA"
        if not all(newest):
            return "OK"
        if self.missing == "missing" and age >= self.datapoints_to_alarm:
            return "ALARM"
        return now


def _age_of_oldest(datapoints: Sequence[float | None]) -> int:
    return next((len(datapoints) - index for index, value in enumerate(datapoints) if value is not None), 0)
