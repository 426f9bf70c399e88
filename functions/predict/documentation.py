"""The OpenAPI page: FastAPI's, and the hot routes that FastAPI does not see, its examples really answered."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, FastAPI, Query, Response
from fastapi.openapi.utils import get_openapi

from functions.predict import shapes
from functions.predict.catalogue import Catalogue
from functions.predict.examples import examples
from functions.predict.page_schemas import REFERENCE, Shape, answers_of, schemas
from functions.predict.problems import MEDIA_TYPE
from serinus.ensemble import Ensemble
from serinus.sections import Gateway

Json = dict[str, Any]
REFUSALS = {
    "413": "the body is too large",
    "415": "the body is not JSON, or compressed other than by gzip",
    "422": "a value is not as expected; `errors` names it",
}
STORED = {
    "404": "nothing is stored of what the request names",
    "503": "the feature store does not answer; `Retry-After` says how many seconds to wait",
}
RELOAD_BAKED = "the models are baked into the image, as on Lambda"
KEYED = {"401": "no API key", "403": "a wrong API key"}
LIMITED = {"429": "too often; `Retry-After` says how many seconds to wait"}


def documentation(catalogue: Catalogue) -> FastAPI:
    """An app that knows the catalogue's routes as the API has them, and serves the pages about them."""
    app = FastAPI(title=f"Serinus: {catalogue.ensemble.service.name}", version=catalogue.release)
    app.include_router(_router(catalogue), prefix="/api/v1")
    app.openapi = partial(describe, app, catalogue.ensemble)  # type: ignore[method-assign]  # the way FastAPI documents
    return app


def _router(catalogue: Catalogue) -> APIRouter:
    router = APIRouter()

    @router.get("/models", tags=["models"], summary="The models of this service")
    def models() -> Json:
        return catalogue.models()

    @router.get("/models/{name}/info", tags=["models"], summary="Everything known of one model")
    def info(name: str) -> Json:
        return catalogue.info(name)

    @router.get("/health", tags=["health"], summary="Whether the service answers, and with deep=1 whether rightly")
    def health(deep: Annotated[bool, Query(description="replay the golden rows of every bundle")] = False) -> Response:
        return catalogue.health(deep=deep)

    return router


def describe(app: FastAPI, ensemble: Ensemble) -> Json:
    """The OpenAPI document of `app`."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes, description=_about(ensemble))
        document["paths"] = {**_hot_paths(ensemble), **document["paths"]}
        document.setdefault("components", {}).setdefault("schemas", {}).update(schemas(ensemble))
        _guard(document, ensemble.service.gateway)
        app.openapi_schema = document
    return app.openapi_schema


def _about(ensemble: Ensemble) -> str:
    service = ensemble.service
    said = service.service
    what = ", ".join(said.labels) or " in ".join(filter(None, (said.target, said.unit)))
    kind = "features" if ensemble.schema.categories or service.input.fields else "numbers"
    return (
        f"Predicts {what} from {service.input.features} {kind}. "
        f"Models: {', '.join(ensemble.predictors)}; `auto` is {ensemble.best}, the best by {service.best_by}."
    )


def _hot_paths(ensemble: Ensemble) -> Json:
    shown, answers = examples(ensemble), answers_of(ensemble.service)
    both, batch = [answers["one"], answers["every"]], {"batch": shown.many}
    one = _operation("Predict one row", shapes.PredictBody, both, {"one model": shown.one, "every model": shown.every})
    many = _operation("Predict many rows; a bad one hides no other", shapes.BatchBody, [answers["many"]], batch)
    _with_example(one, shown.request)
    _with_example(many, shown.batch)
    if ensemble.service.features:
        for operation in (one, many):
            operation["responses"].update(_refusals(STORED))
    named = {**one, "parameters": [_name_parameter(ensemble)], "summary": "Predict one row with one model"}
    _with_example(named, {name: value for name, value in shown.request.items() if name != "model"})
    return {
        "/api/v1/predict": {"post": one},
        "/api/v1/predict/batch": {"post": many},
        "/api/v1/models/{name}/predict": {"post": named},
        "/api/v1/models/reload": {"post": _reload()},
    }


def _reload() -> Json:
    return {
        "tags": ["models"],
        "summary": "Take up the models that lie on disk now",
        "responses": {
            "200": {"description": "which models are other ones now"},
            **_refusals({"409": RELOAD_BAKED, "422": "they cannot be served; those that were loaded answer on"}),
        },
    }


def _operation(summary: str, body: Shape, answer: list[Shape], answered: Json) -> Json:
    references = [_reference(shape) for shape in answer]
    schema = references[0] if len(references) == 1 else {"oneOf": references}
    shown = {name: {"value": orjson.loads(orjson.dumps(example))} for name, example in answered.items()}
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
    body = operation["requestBody"]
    media = {**body["content"]["application/json"], "example": example}
    operation["requestBody"] = {**body, "content": {"application/json": media}}


def _name_parameter(ensemble: Ensemble) -> Json:
    names = ["auto", *ensemble.predictors]
    return {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "enum": names}}


def _reference(shape: Shape) -> Json:
    return {"$ref": REFERENCE.format(model=shape.__name__)}
