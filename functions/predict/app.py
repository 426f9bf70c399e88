"""The HTTP service: the same behind API Gateway and under uvicorn."""

from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from functions.predict import answers, problems
from functions.predict.asgi import SEEN, JsonEndpoint, Observed
from functions.predict.catalogue import catalogue
from functions.predict.problems import Refusal
from functions.predict.telemetry import Observation, Telemetry
from functions.predict.wire import Width, read_many, read_one
from serinus.ensemble import Ensemble
from serinus.errors import InputError, Problem, UnknownModel

PREFIXES = ("/api/v1", "")
WORTH_GZIPPING = 1024


def create_app(
    ensemble: Ensemble, telemetry: Telemetry, *, release: str, routes: tuple[BaseRoute, ...] = ()
) -> FastAPI:
    """The API of one service. `routes` come along, observed like the others."""
    app = FastAPI(
        title=f"Serinus: {ensemble.service.name}",
        version=release,
        routes=[*_hot_routes(ensemble), *routes],
        exception_handlers={
            Refusal: _refuse,
            InputError: _refuse,
            UnknownModel: _refuse,
            HTTPException: _refuse_http,
        },
    )
    for prefix in PREFIXES:
        app.include_router(catalogue(ensemble, release), prefix=prefix, include_in_schema=prefix == PREFIXES[0])
    app.add_middleware(GZipMiddleware, minimum_size=WORTH_GZIPPING)
    app.add_middleware(Observed, telemetry=telemetry, release=release)
    app.openapi = partial(_describe, app, ensemble)  # type: ignore[method-assign]  # the way FastAPI documents
    return app


def _describe(app: FastAPI, ensemble: Ensemble) -> dict[str, Any]:
    from functions.predict.documentation import describe  # its models cost a cold start; only /docs needs them

    return describe(app, ensemble)


def _hot_routes(ensemble: Ensemble) -> list[Route]:
    width = Width(ensemble.service.input.features, ensemble.nan_policy)
    endpoints = {
        "/predict": JsonEndpoint(partial(_one, ensemble, width)),
        "/predict/batch": JsonEndpoint(partial(_many, ensemble, width)),
        "/models/{name}/predict": JsonEndpoint(partial(_one_by, ensemble, width)),
    }
    return [
        Route(prefix + path, endpoint, methods=["POST"]) for prefix in PREFIXES for path, endpoint in endpoints.items()
    ]


def _one(ensemble: Ensemble, width: Width, body: bytes, seen: Observation, scope: Scope) -> answers.Json:
    return answers.one(ensemble, read_one(body, width), seen)


def _many(ensemble: Ensemble, width: Width, body: bytes, seen: Observation, scope: Scope) -> answers.Json:
    return answers.many(ensemble, read_many(body, width, most=ensemble.service.gateway.max_batch_size), seen)


def _one_by(ensemble: Ensemble, width: Width, body: bytes, seen: Observation, scope: Scope) -> answers.Json:
    """As `_one`, with the model named by the path; a body that names another is contradictory."""
    name = scope["path_params"]["name"]
    try:
        ensemble.named(name)
    except UnknownModel as error:
        raise problems.unknown_model(error, status=HTTPStatus.NOT_FOUND) from None
    return answers.one(ensemble, read_one(body, width).by(name), seen)


async def _refuse(request: Request, error: Any) -> Response:
    refusal = error if isinstance(error, Refusal) else problems.refusal(error)
    seen: Observation = request.scope[SEEN]
    seen.refused = refusal.detail if not refusal.problems else ", ".join(p.field for p in refusal.problems)
    body = refusal.body(seen.path, seen.request_id)
    return Response(body, refusal.status, refusal.headers, media_type=problems.MEDIA_TYPE)


async def _refuse_http(request: Request, error: Any) -> Response:
    method, path = request.method, request.url.path
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return await _refuse(request, problems.wrong_method(method, path, (error.headers or {})["Allow"]))
    if error.status_code == HTTPStatus.NOT_FOUND:
        return await _refuse(request, problems.no_route(method, path))
    return await _refuse(
        request, Refusal(error.status_code, str(error.detail), [Problem("request", None, error.detail)])
    )
