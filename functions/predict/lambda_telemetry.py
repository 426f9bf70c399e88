"""Telemetry on Lambda: structured JSON logs and CloudWatch metrics in the log stream (EMF), by Powertools.

Powertools takes longer over one set of metrics than a small model over a prediction, and all sets of a model look the
same: it makes one when the model is loaded, and a request only fills in its figures.
"""

import sys
from time import time
from typing import Any

import orjson
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from functions.predict.lookups import Lookups
from functions.predict.telemetry import Observation, Predicted

NAMESPACE = "Serinus"
LOADED = {
    "model_load_time_seconds": MetricUnit.Seconds,
    "active_models_count": MetricUnit.Count,
    "cache_misses_total": MetricUnit.Count,
}
PREDICTED = {
    "predictions_total": MetricUnit.Count,
    "prediction_latency_seconds": MetricUnit.Seconds,
    "prediction_errors_total": MetricUnit.Count,
    "cache_hits_total": MetricUnit.Count,
}
LOOKUPS = {
    "feature_cache_hits_total": MetricUnit.Count,
    "feature_cache_misses_total": MetricUnit.Count,
    "feature_stale_total": MetricUnit.Count,
    "feature_store_failures_total": MetricUnit.Count,
    "feature_store_available": MetricUnit.Count,
}
FAULT = {"prediction_errors_total": MetricUnit.Count}


class LambdaTelemetry:
    """Dimensions are service, model, version and release, nothing else: each combination costs money."""

    def __init__(self, service: str, release: str) -> None:
        self._log = Logger(service=service, stream=sys.stdout, json_serializer=_dumped)
        self._service = service
        self._release = release
        self._sets: dict[tuple[str, str], dict[str, Any]] = {}
        self._fault = self._set("none", "none", FAULT)
        self._lookups = self._set("none", "none", LOOKUPS)

    def loaded(self, model: str, version: str, seconds: float) -> None:
        figures = {"model_load_time_seconds": seconds, "active_models_count": 1, "cache_misses_total": 1}
        _write(self._set(model, version, LOADED), figures)
        self._sets[model, version] = self._set(model, version, PREDICTED)

    def dropped(self, model: str, version: str) -> None:
        """Never: what is baked in an image stays."""

    def answered(self, seen: Observation) -> None:
        for one in seen.predicted:
            _write(self._sets[one.model, one.version], _figures(one))
        if seen.lookups is not None:
            _write(self._lookups, _counted(seen.lookups))
        if seen.status >= 500:
            _write(self._fault, {"prediction_errors_total": 1})
        self._log.info("request", **seen.log_fields(), release=self._release)

    def failed(self, seen: Observation, error: Exception) -> None:
        trace, kind = seen.redaction.trace(error), type(error).__name__
        about = {"request_id": seen.request_id, "path": seen.path, "release": self._release}
        self._log.error("fault", extra={**about, "exception": trace, "exception_name": kind})

    def _set(self, model: str, version: str, units: dict[str, MetricUnit]) -> dict[str, Any]:
        metrics = EphemeralMetrics(namespace=NAMESPACE, service=self._service)
        for name, value in (("model", model), ("version", version), ("release", self._release)):
            metrics.add_dimension(name, value)
        for name, unit in units.items():
            metrics.add_metric(name, unit, 0)
        return dict(metrics.serialize_metric_set())


def _figures(one: Predicted) -> dict[str, Any]:
    """Metrics, and the classes as plain members of the line: they can be queried and cost no dimension."""
    return {
        "predictions_total": sum(one.classes.values()),
        "prediction_latency_seconds": one.seconds,
        "prediction_errors_total": one.invalid,
        "cache_hits_total": 1,
        "classes": one.classes,
    }


def _counted(lookups: Lookups) -> dict[str, Any]:
    return {
        "feature_cache_hits_total": lookups.hits,
        "feature_cache_misses_total": lookups.misses,
        "feature_stale_total": lookups.stale,
        "feature_store_failures_total": lookups.failures,
        "feature_store_available": int(lookups.available),
    }


def _write(metric_set: dict[str, Any], figures: dict[str, Any]) -> None:
    about = {**metric_set["_aws"], "Timestamp": int(time() * 1000)}
    print(_dumped({**metric_set, **figures, "_aws": about}))  # noqa: T201  # standard output is where EMF goes


def _dumped(line: dict[str, Any]) -> str:
    return orjson.dumps(line, default=str).decode()
