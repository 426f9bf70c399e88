"""The OpenAPI page: FastAPI's, and the hot routes that FastAPI does not see, its examples really answered."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from functions.predict import classification, shapes
from functions.predict.options import Options
from functions.predict.problems import MEDIA_TYPE
from functions.predict.row_schema import row_schema, written
from functions.predict.telemetry import Observation
from functions.predict.wire import PredictRequest
from serinus import golden
from serinus.bundle import Bundle
from serinus.ensemble import Ensemble
from serinus.rows import Layout
from serinus.schema import Rows
from serinus.service import Gateway

Json = dict[str, Any]
Shape = type[BaseModel]
REFERENCE = "#/components/schemas/{model}"
REFUSALS = {
    "413": "the body is too large",
    "415": "the body is not JSON, or compressed other than by gzip",
    "422": "a value is not as expected; `errors` names it",
}
KEYED = {"401": "no API key", "403": "a wrong API key"}
LIMITED = {"429": "too often; `Retry-After` says how many seconds to wait"}


def describe(app: FastAPI, ensemble: Ensemble) -> Json:
    """The OpenAPI document of `app`."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes, description=_about(ensemble))
        document["paths"] = {**_hot_paths(ensemble), **document["paths"]}
        document.setdefault("components", {}).setdefault("schemas", {}).update(_schemas(ensemble))
        _guard(document, ensemble.service.gateway)
        app.openapi_schema = document
    return app.openapi_schema


def _about(ensemble: Ensemble) -> str:
    service = ensemble.service
    what = "features" if ensemble.schema.categories else "numbers"
    return (
        f"Predicts {', '.join(service.service.labels)} from {service.input.features} {what}. "
        f"Models: {', '.join(ensemble.predictors)}; `auto` is {ensemble.best}, the best by {service.best_by}."
    )


def _hot_paths(ensemble: Ensemble) -> Json:
    row = _real_row(ensemble)
    features = written(row, Layout.of(ensemble.schema, ensemble.nan_policy))
    request = {"features": features, "model": "auto", "return_probabilities": True}
    single = classification.one(ensemble, PredictRequest(row, Options()), _example())
    everyone = classification.one(ensemble, PredictRequest(row, Options(return_all_models=True)), _example())
    prediction, model = single["prediction"], single["model"]
    batch = {
        "predictions": [prediction],
        "errors": [],
        "model": model,
        "metadata": {**single["metadata"], "samples": 1, "failed": 0},
    }
    both: list[Shape] = [shapes.PredictAnswer, shapes.EveryoneAnswer]
    one = _operation("Predict one row", shapes.PredictBody, both, {"one model": single, "every model": everyone})
    many = _operation(
        "Predict many rows; a bad one never hides the others", shapes.BatchBody, [shapes.BatchAnswer], {"batch": batch}
    )
    _with_example(one, request)
    _with_example(many, {"samples": [features], "model": "auto"})
    named = {**one, "parameters": [_name_parameter(ensemble)], "summary": "Predict one row with one model"}
    return {
        "/api/v1/predict": {"post": one},
        "/api/v1/predict/batch": {"post": many},
        "/api/v1/models/{name}/predict": {"post": named},
    }


def _real_row(ensemble: Ensemble) -> Rows:
    """A golden row of the best model, float32 [1, F]; a word that no model knows is the first of its category."""
    rows, _ = golden.load(Bundle.load(ensemble.predictors[ensemble.best].folder))
    row = rows[:1]
    for place, category in ensemble.schema.categories_by_place.items():
        if not (np.isnan(row[0, place]) or row[0, place] in range(len(category.words))):
            row[0, place] = 0
    return row


def _example() -> Observation:
    return Observation("req_0f1e2d3c4b5a69788796a5b4c3d2e1f0", "POST", "/api/v1/predict")


def _operation(summary: str, body: Shape, answer: list[Shape], examples: Json) -> Json:
    references = [_reference(shape) for shape in answer]
    schema = references[0] if len(references) == 1 else {"oneOf": references}
    shown = {name: {"value": orjson.loads(orjson.dumps(example))} for name, example in examples.items()}
    return {
        "tags": ["predict"],
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": _reference(body)}}},
        "responses": {
            "200": {"description": "answered", "content": {"application/json": {"schema": schema, "examples": shown}}},
            **_refusals(REFUSALS),
        },
    }


def _refusals(whys: Mapping[str, str]) -> Json:
    content = {MEDIA_TYPE: {"schema": _reference(shapes.ProblemAnswer)}}
    return {status: {"description": why, "content": content} for status, why in whys.items()}


def _guard(document: Json, gateway: Gateway) -> None:
    """Say of every operation but the health that it wants a key, so that the page asks for one, and is limited."""
    keyed = gateway.auth == "api_key"
    whys = {**(KEYED if keyed else {}), **(LIMITED if gateway.rate_per_minute else {})}
    if keyed:
        scheme = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
        document["components"]["securitySchemes"] = {"key": scheme}
    for path, operations in document["paths"].items():
        for operation in operations.values() if not path.endswith("/health") else ():
            operation["responses"].update(_refusals(whys))
            operation.update({"security": [{"key": []}]} if keyed else {})


def _with_example(operation: Json, example: Json) -> None:
    operation["requestBody"]["content"]["application/json"]["example"] = example


def _name_parameter(ensemble: Ensemble) -> Json:
    names = ["auto", *ensemble.predictors]
    return {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "enum": names}}


def _reference(shape: Shape) -> Json:
    return {"$ref": REFERENCE.format(model=shape.__name__)}


def _schemas(ensemble: Ensemble) -> Json:
    documented: list[Shape] = [
        shapes.PredictBody,
        shapes.BatchBody,
        shapes.PredictAnswer,
        shapes.EveryoneAnswer,
        shapes.BatchAnswer,
        shapes.ProblemAnswer,
    ]
    _, definitions = models_json_schema([(shape, "validation") for shape in documented], ref_template=REFERENCE)
    schemas: Json = definitions["$defs"]
    row = row_schema(Layout.of(ensemble.schema, ensemble.nan_policy))
    features = schemas["PredictBody"]["properties"]["features"]
    schemas["PredictBody"]["properties"]["features"] = {"description": features["description"], **row}
    schemas["BatchBody"]["properties"]["samples"]["items"] = row
    return schemas
