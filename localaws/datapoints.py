"""What CloudWatch makes of the values of one period: a statistic.

AWS ("CloudWatch statistics definitions", User Guide): Sum, Average, Minimum, Maximum and SampleCount; pNN is the value
below which NN % of the values lie; tmNN the mean without the highest (100 - NN) %, TM(a%:b%) the mean of what lies
between two ranks. Percentiles of statistic sets exist only where a set holds one value, once or repeatedly.
AWS tells no interpolation: here it is linear between the two neighbouring values, as in numpy.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
TRIMMED_BELOW = re.compile(r"tm(\d{1,2}(?:\.\d{1,10})?|100)")
TRIMMED = re.compile(r"TM\((\d*\.?\d*)%?:(\d*\.?\d*)%?\)")


class UnknownStatistic(ValueError):
    """CloudWatch may know it; localaws does not compute it."""


@dataclass(frozen=True)
class StatisticSet:
    """Values that were added up, here or before they were sent; `known`: each of them, where they are."""

    count: float
    total: float
    least: float
    most: float
    known: Sequence[float] | None = None

    @classmethod
    def of(cls, values: Sequence[float]) -> "StatisticSet":
        return cls(len(values), math.fsum(values), min(values), max(values), known=values)

    @property
    def values(self) -> Sequence[float] | None:
        if self.known is not None:
            return self.known
        return [self.least] * int(self.count) if self.count == 1 or self.least == self.most else None


@dataclass(frozen=True)
class Period:
    """The values of one metric in one period."""

    sets: Sequence[StatisticSet]

    def statistic(self, name: str) -> float | None:
        """None where there is nothing to make it of."""
        if not self.sets:
            return None
        if name in SIMPLE:
            return SIMPLE[name](self.sets)
        over = _of_values(name)
        spread = [part.values for part in self.sets]
        values = sorted(value for part in spread if part for value in part)
        return over(values) if values and None not in spread else None


def _total(sets: Sequence[StatisticSet]) -> float:
    return math.fsum(part.total for part in sets)


def _count(sets: Sequence[StatisticSet]) -> float:
    return math.fsum(part.count for part in sets)


SIMPLE: Mapping[str, Callable[[Sequence[StatisticSet]], float]] = MappingProxyType(
    {
        "Sum": _total,
        "SampleCount": _count,
        "Average": lambda sets: _total(sets) / _count(sets),
        "Minimum": lambda sets: min(part.least for part in sets),
        "Maximum": lambda sets: max(part.most for part in sets),
    }
)


def _of_values(name: str) -> Callable[[Sequence[float]], float]:
    if found := PERCENTILE.fullmatch(name):
        percent = float(found[1])
        return lambda values: percentile(values, percent)
    if found := TRIMMED_BELOW.fullmatch(name):
        low, high = 0.0, float(found[1])
        return lambda values: trimmed_mean(values, low, high)
    if found := TRIMMED.fullmatch(name):
        low, high = float(found[1] or 0), float(found[2] or 100)
        return lambda values: trimmed_mean(values, low, high)
    raise UnknownStatistic(f"localaws computes no statistic {name!r}: {', '.join(SIMPLE)}, pNN, tmNN or TM(NN%:NN%)")


def percentile(ordered: Sequence[float], percent: float) -> float:
    rank = (len(ordered) - 1) * percent / 100
    below = math.floor(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (rank - below)


def trimmed_mean(ordered: Sequence[float], low: float, high: float) -> float:
    """Of the values whose rank lies between two percents; a value that straddles a bound counts in part."""
    step = 100 / len(ordered)
    shares = [max(0.0, min((i + 1) * step, high) - max(i * step, low)) for i in range(len(ordered))]
    weight = math.fsum(shares)
    if weight == 0:
        return percentile(ordered, (low + high) / 2)
    return math.fsum(share * value for share, value in zip(shares, ordered, strict=True)) / weight
