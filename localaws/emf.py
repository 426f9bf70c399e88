"""Metrics in the log of a function: CloudWatch's embedded metric format.

AWS ("Embedded metric format specification", CloudWatch User Guide): a log event that is a JSON object with
`_aws.CloudWatchMetrics` is also measurements: for each directive, each set of dimensions and each metric that the
object has as a member, a number or up to 100 numbers, at `_aws.Timestamp`.
moto has nothing of it: the listener gives what it finds to moto's CloudWatch.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from localaws.dispatch import ACCOUNT, REGION

MOST_VALUES = 100
MOST_DIMENSIONS = 30


@dataclass(frozen=True)
class Measured:
    """Values of one metric at one time."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    values: tuple[float, ...]
    unit: str
    when: datetime


def metrics_in(text: str) -> Iterator[Measured]:
    """Every measurement in the lines of a log; a line that breaks the format measures nothing, as on AWS."""
    for line in text.splitlines():
        if '"_aws"' in line:
            yield from _measured(line)


def listener(function: str, version: str, text: str, invocation: object) -> None:
    """For `localaws.dispatch.listen`: told of every invocation and what it wrote."""
    backend = cloudwatch_backends[ACCOUNT][REGION]
    for namespace, measured in groupby(metrics_in(text), key=lambda each: each.namespace):
        backend.put_metric_data(namespace, [_wire(each) for each in measured])


def _wire(measured: Measured) -> dict[str, Any]:
    return {
        "MetricName": measured.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in measured.dimensions],
        "Values": list(measured.values),
        "Unit": measured.unit,
        "Timestamp": measured.when.replace(tzinfo=None),  # moto's times are naive, and mean UTC
    }


def _measured(line: str) -> Iterator[Measured]:
    try:
        root = json.loads(line)
        when = datetime.fromtimestamp(root["_aws"]["Timestamp"] / 1000, UTC)
        directives = root["_aws"]["CloudWatchMetrics"]
        yield from [each for directive in directives for each in _directed(root, directive, when)]
    except (KeyError, TypeError, ValueError):
        return


def _directed(root: Mapping[str, Any], directive: Mapping[str, Any], when: datetime) -> Iterator[Measured]:
    for names in directive["Dimensions"]:
        for metric in directive["Metrics"]:
            values = _values(root.get(metric["Name"]))
            if values and len(names) <= MOST_DIMENSIONS:
                dimensions = tuple((name, _text(root[name])) for name in names)
                unit = metric.get("Unit", "None")
                yield Measured(directive["Namespace"], metric["Name"], dimensions, values, unit, when)


def _values(member: object) -> tuple[float, ...]:
    numbers: Sequence[object] = member if isinstance(member, list) else [member]
    if len(numbers) > MOST_VALUES or not all(_is_number(number) for number in numbers):
        return ()
    return tuple(float(number) for number in numbers if isinstance(number, int | float))


def _is_number(member: object) -> bool:
    return isinstance(member, int | float) and not isinstance(member, bool)


def _text(dimension: object) -> str:
    if not isinstance(dimension, str):
        raise TypeError(f"expected the text of a dimension, got {dimension!r}")
    return dimension
