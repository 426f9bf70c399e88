"""Telemetry on Lambda: structured JSON logs and CloudWatch metrics in the log stream (EMF), by Powertools."""

import sys

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from functions.predict.telemetry import Observation, Predicted

NAMESPACE = "Serinus"


class LambdaTelemetry:
    """Dimensions are service, model, version and release, nothing else: each combination costs money."""

    def __init__(self, service: str, release: str) -> None:
        self._log = Logger(service=service, stream=sys.stdout)
        self._service = service
        self._release = release

    def loaded(self, model: str, version: str, seconds: float) -> None:
        metrics = self._metrics(model, version)
        metrics.add_metric("model_load_time_seconds", MetricUnit.Seconds, seconds)
        metrics.add_metric("active_models_count", MetricUnit.Count, 1)
        metrics.add_metric("cache_misses_total", MetricUnit.Count, 1)
        metrics.flush_metrics()

    def answered(self, seen: Observation) -> None:
        for one in seen.predicted:
            self._count(one, seconds=one.seconds)
        if seen.status >= 500:
            metrics = self._metrics("none", "none")
            metrics.add_metric("prediction_errors_total", MetricUnit.Count, 1)
            metrics.flush_metrics()
        self._log.info("request", **seen.log_fields(), release=self._release)

    def failed(self, seen: Observation, error: Exception) -> None:
        self._log.error("fault", exc_info=error, request_id=seen.request_id, path=seen.path, release=self._release)

    def _count(self, one: Predicted, *, seconds: float) -> None:
        metrics = self._metrics(one.model, one.version)
        metrics.add_metric("predictions_total", MetricUnit.Count, sum(one.classes.values()))
        metrics.add_metric("prediction_latency_seconds", MetricUnit.Seconds, seconds)
        metrics.add_metric("cache_hits_total", MetricUnit.Count, 1)
        metrics.add_metric("prediction_errors_total", MetricUnit.Count, one.invalid)
        for label, count in one.classes.items():
            metrics.add_metadata(f"class_{label}", count)
        metrics.flush_metrics()

    def _metrics(self, model: str, version: str) -> EphemeralMetrics:
        metrics = EphemeralMetrics(namespace=NAMESPACE, service=self._service)
        metrics.add_dimension("model", model)
        metrics.add_dimension("version", version)
        metrics.add_dimension("release", self._release)
        return metrics
