"""Keep many measurements in little memory.

AWS (PutMetricData, API Reference): values of the same metric and second add up to one set of values.
moto keeps an object of about a kilobyte for each value, which a function under load writes by the thousand a second;
here the values of one metric and second are eight bytes each. What is answered is the same.
"""

import threading
from array import array
from datetime import datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, MetricDatumBase
from moto.core.utils import utcnow

from localaws.patching import Function, override

ONE_AT_A_TIME = threading.Lock()


class PackedDatum(MetricDatumBase):
    """All the values of one metric and unit in one second."""

    def __init__(self, namespace: str, metric: dict[str, Any], second: datetime) -> None:
        dimensions = metric.get("Dimensions") or []
        super().__init__(namespace, metric["MetricName"], dimensions, second, metric.get("Unit"))
        self.values = array("d")


def apply() -> None:
    override(CloudWatchBackend, "put_metric_data", _put)


def _put(original: Function) -> Function:
    def put_metric_data(self: Any, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        for number, metric in enumerate(metric_data, start=1):
            self._validate_parameters_put_metric_data(metric, number)
        with ONE_AT_A_TIME:
            for metric in metric_data:
                if metric.get("StatisticValues"):
                    original(self, namespace, [metric])
                else:
                    _packed(self, namespace, metric).values.extend(_values(metric))

    return put_metric_data


def _packed(backend: Any, namespace: str, metric: dict[str, Any]) -> PackedDatum:
    second = (metric.get("Timestamp") or utcnow()).replace(microsecond=0)
    dimensions = frozenset((each["Name"], each["Value"]) for each in metric.get("Dimensions") or [])
    key = (namespace, metric["MetricName"], dimensions, metric.get("Unit"), second)
    index: dict[object, PackedDatum] = vars(backend).setdefault("packed", {})
    if key not in index:
        index[key] = PackedDatum(namespace, metric, second)
        backend.metric_data.append(index[key])
    return index[key]


def _values(metric: dict[str, Any]) -> list[float]:
    values = metric.get("Values") or [metric.get("Value", 0)]
    counts = metric.get("Counts") or [1] * len(values)
    return [float(value) for value, count in zip(values, counts, strict=True) for _ in range(int(float(count)))]
