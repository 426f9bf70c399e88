"""Telemetry under uvicorn: one JSON line a request on standard output, and Prometheus metrics at /metrics."""

import sys
from functools import cache, cached_property
from time import time
from typing import Any, Literal, TextIO

import orjson
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from functions.predict.answers import timestamp
from functions.predict.lookups import Lookups
from functions.predict.telemetry import Observation

BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
MODEL = ("model", "version")


class ServerTelemetry:
    """`multiprocess`: several workers share their figures in the folder PROMETHEUS_MULTIPROC_DIR."""

    def __init__(self, service: str, release: str, *, multiprocess: bool = False, log: TextIO = sys.stdout) -> None:
        self._log = log
        self._named = {"service": service, "release": release}
        self._registry = self._own = CollectorRegistry()
        self._predictions = self._counter(
            "predictions_total", "Rows answered, requests refused", *MODEL, "status", "class"
        )
        self._hits = self._counter("cache_hits_total", "Answers by a model already in memory", "model")
        self._misses = self._counter("cache_misses_total", "Models that had to be loaded", "model")
        self._errors = self._counter("prediction_errors_total", "Answers that failed by our fault", "model")
        self._latency = Histogram(
            "prediction_latency_seconds", "Time in the model", MODEL, buckets=BUCKETS, registry=self._own
        )
        self._load_time = self._gauge("model_load_time_seconds", "Time to load the model", *MODEL)
        self._active = self._gauge("active_models_count", "Models in memory")
        self._lookups = {
            "hits": self._counter("feature_cache_hits_total", "Entities whose stored features were in memory"),
            "misses": self._counter("feature_cache_misses_total", "Entities the feature store was asked for"),
            "stale": self._counter("feature_stale_total", "Entities answered from memory while the store was down"),
            "failures": self._counter("feature_store_failures_total", "Times the feature store did not answer"),
        }
        self._children = cache(self._children_of)  # prometheus_client takes a lock and a dict to find a child
        self._rows = cache(self._rows_of)
        if multiprocess:
            self._registry = CollectorRegistry()
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]  # the library has no types here

    @cached_property
    def _available(self) -> Gauge:
        """Of services with a feature store alone: the gauge begins at 0."""
        return self._gauge("feature_store_available", "1, or 0 while the store is left alone", mode="mostrecent")

    @property
    def route(self) -> Route:
        return Route("/metrics", self._expose)

    def loaded(self, model: str, version: str, seconds: float) -> None:
        self._load_time.labels(model, version).set(seconds)
        self._active.inc()
        self._misses.labels(model).inc()

    def answered(self, seen: Observation) -> None:
        for one in seen.predicted:
            latency, hits = self._children(one.model, one.version)
            latency.observe(one.seconds)
            hits.inc()
            for label, count in one.classes.items():
                self._rows(one.model, one.version, label).inc(count)
            if one.invalid:
                self._errors.labels(one.model).inc(one.invalid)
        if seen.lookups is not None:
            self._look_up(seen.lookups)
        if seen.refused is not None:
            self._predictions.labels("", "", "refused", "").inc()
        if seen.status >= 500:
            self._errors.labels("").inc()
        self._write("INFO", "request", seen.log_fields())

    def dropped(self, model: str, version: str) -> None:
        self._active.dec()

    def failed(self, seen: Observation, error: Exception) -> None:
        trace = seen.redaction.trace(error)
        self._write("ERROR", "fault", {"request_id": seen.request_id, "path": seen.path, "exception": trace})

    def _look_up(self, lookups: Lookups) -> None:
        for name, counter in self._lookups.items():
            if count := getattr(lookups, name):
                counter.inc(count)
        self._available.set(lookups.available)

    def _children_of(self, model: str, version: str) -> tuple[Histogram, Counter]:
        return self._latency.labels(model, version), self._hits.labels(model)

    def _rows_of(self, model: str, version: str, label: str) -> Counter:
        return self._predictions.labels(model, version, "success", label)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=self._own)

    def _gauge(self, name: str, what: str, *labels: str, mode: Literal["max", "mostrecent"] = "max") -> Gauge:
        return Gauge(name, what, labels, registry=self._own, multiprocess_mode=mode)

    def _write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        line = {"level": level, "message": message, "timestamp": timestamp(int(time())), **self._named, **fields}
        self._log.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE).decode())
        self._log.flush()

    async def _expose(self, request: Request) -> Response:
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)
