"""Examples for the OpenAPI page that this very service answers: a request, and the answers to it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from functions.predict.answering import MANY, ONE
from functions.predict.options import Options, Terms
from functions.predict.row_schema import written
from functions.predict.telemetry import Observation
from functions.predict.wire import About, BatchRequest, PredictRequest
from serinus import golden
from serinus.bundle import Bundle
from serinus.category import REFUSED
from serinus.ensemble import Ensemble
from serinus.fields import GivenField, Value
from serinus.record import Form
from serinus.rows import Layout
from serinus.schema import Rows
from serinus.service import Service

Json = dict[str, Any]
A_DAY = "2021-10-07"


@dataclass(frozen=True)
class Examples:
    """request, batch: bodies; one, every, many: what is answered to them."""

    request: Json
    batch: Json
    one: Json
    every: Json
    many: Json


def examples(ensemble: Ensemble) -> Examples:
    service = ensemble.service
    said, request = _of_record(ensemble) if service.input.fields else _of_vector(ensemble)
    asked = {"return_probabilities": True} if "return_probabilities" in Terms.of(service).members else {}
    sample = said if service.input.fields else said["features"]
    abouts = [request.about] if service.input.fields else []
    batch = BatchRequest(request.rows, Options(), 1, [0], {}, abouts, service.input.rows)
    one, many = ONE[service.service.task], MANY[service.service.task]
    return Examples(
        request={**said, "model": "auto", **asked},
        batch={service.input.rows: [sample], "model": "auto"},
        one=one(ensemble, request, _seen()),
        every=one(ensemble, replace(request, options=Options(return_all_models=True)), _seen()),
        many=many(ensemble, batch, _seen()),
    )


def _of_vector(ensemble: Ensemble) -> tuple[Json, PredictRequest]:
    row = _real_row(ensemble)
    features = written(row, Layout.of(ensemble.schema, ensemble.nan_policy))
    return {"features": features}, PredictRequest(row, Options())


def _of_record(ensemble: Ensemble) -> tuple[Json, PredictRequest]:
    """A record that says all that may be said, so that nothing need be looked up."""
    service = ensemble.service
    real = dict(zip(service.input.names, _real_row(ensemble)[0].tolist(), strict=True))
    values = {field.name: _value(field, real.get(field.name, math.nan)) for field in service.input.given}
    said = {field.name: values[field.name] for field in service.input.given if field.source != "store"}
    form = Form.of(service.input, ensemble.nan_policy)
    filled = form.read(said, form.base(values))
    return said, PredictRequest(filled.row, Options(), _about(service, said, filled.used, filled.sources))


def _about(service: Service, said: Json, used: Json, sources: Any) -> About:
    entity = service.features.entity if service.features else ""
    named = {entity: said[entity]} if entity else {}
    return About(named, {"features_used": used, "feature_sources": sources})


def _value(field: GivenField, real: float) -> Value:
    """The first that is good: what service.toml says, what the model was proven on, or anything."""
    made: list[Callable[[], Value]] = [
        lambda: field.example,
        lambda: field.default,
        lambda: _written(field, real),
        lambda: _anything(field),
    ]
    values = (make() for make in made)
    return next(value for value in values if value is not None and field.number_of(value) != REFUSED)


def _written(field: GivenField, real: float) -> Value:
    low, high = field.limits
    within = low <= real <= high and (not field.values or real in range(len(field.values)))
    return field.written(real) if within else None


def _anything(field: GivenField) -> Value:
    low, high = field.limits
    match field.type:
        case "boolean":
            return False
        case "string":
            return field.values[0] if field.values else "a"[: field.max_length]
        case "date":
            return A_DAY if field.number_of(A_DAY) != REFUSED else field.written(low if field.minimum else high)
        case "integer":
            return math.ceil(min(max(0.0, low), high))
        case _:
            return min(max(0.0, low), high)


def _real_row(ensemble: Ensemble) -> Rows:
    """A golden row of the best model, float32 [1, F]; a word that no model knows is the first of its category.

    Of a service about people zeros: golden rows may be theirs, and everybody may read the page.
    """
    if ensemble.service.privacy.personal:
        return np.zeros((1, ensemble.schema.features), np.float32)
    rows, _ = golden.load(Bundle.load(ensemble.predictors[ensemble.best].folder))
    row = rows[:1]
    for place, category in ensemble.schema.categories_by_place.items():
        if not (np.isnan(row[0, place]) or row[0, place] in range(len(category.words))):
            row[0, place] = 0
    return row


def _seen() -> Observation:
    return Observation("req_0f1e2d3c4b5a69788796a5b4c3d2e1f0", "POST", "/api/v1/predict")
