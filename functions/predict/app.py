"""The HTTP service: the same behind API Gateway and under uvicorn."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from functions.predict import problems
from functions.predict.answering import Answering, Reader
from functions.predict.asgi import OPEN, SEEN, Front, HotRoutes, JsonEndpoint, Observed, Watch
from functions.predict.catalogue import Catalogue
from functions.predict.compression import WORTH_GZIPPING
from functions.predict.pages import pages
from functions.predict.problems import FAULT, Refusal
from functions.predict.records import Records
from functions.predict.redaction import redaction
from functions.predict.stock import Stock
from functions.predict.telemetry import Observation, Telemetry
from functions.predict.vectors import Vectors
from serinus.ensemble import Ensemble

PREFIXES = ("/api/v1", "")


def create_app(  # noqa: PLR0913  # what an entry point brings along, each of it on its own
    ensemble: Ensemble,
    telemetry: Telemetry,
    *,
    release: str,
    routes: Sequence[BaseRoute] = (),
    front: Front = OPEN,
    stock: Stock | None = None,
) -> ASGIApp:
    """The API of one service, which has its stored features from `stock`. `routes` come along, observed like the
    others; `front` stands around them."""
    reader = Records(ensemble, stock) if ensemble.service.input.fields else Vectors.of(ensemble)
    endpoints = {path: front.audit(one) for path, one in _endpoints(ensemble, reader).items()}
    posts = [Route(path, endpoint, methods=["POST"]) for path, endpoint in endpoints.items()]
    catalogue = Catalogue(ensemble, release, stock)
    known = [route for prefix in PREFIXES for route in catalogue.routes(prefix)]
    app = Starlette(
        routes=[*posts, *routes, *known, *pages(catalogue)],
        exception_handlers={Refusal: _refuse, HTTPException: _refuse_http, Exception: _fault},
    )
    app.router.redirect_slashes = False  # the address to redirect to is not known behind a gateway
    app.add_middleware(GZipMiddleware, minimum_size=WORTH_GZIPPING)
    small = {path: endpoint for path, endpoint in endpoints.items() if path.endswith("/predict") and "{" not in path}
    watch = Watch(telemetry, redaction(ensemble.service, _paths(app)), release)
    return Observed(HotRoutes(app, small), watch, front)


def _paths(app: Starlette) -> list[str]:
    """Every path that is served, as its route says it."""
    return [route.path for route in app.routes if isinstance(route, Route)]


def _endpoints(ensemble: Ensemble, reader: Reader) -> dict[str, JsonEndpoint]:
    answering = Answering(ensemble, reader)
    endpoints = {
        "/predict": JsonEndpoint(answering.one),
        "/predict/batch": JsonEndpoint(answering.many),
        "/models/{name}/predict": JsonEndpoint(answering.one_by),
    }
    return {prefix + path: endpoint for prefix in PREFIXES for path, endpoint in endpoints.items()}


async def _refuse(request: Request, refusal: Any) -> Response:
    seen: Observation = request.scope[SEEN]
    refusal = seen.redaction.refusal(refusal)
    seen.refused = refusal.fields
    body = refusal.body(seen.path, seen.request_id)
    return Response(body, refusal.status, refusal.headers, media_type=problems.MEDIA_TYPE)


async def _refuse_http(request: Request, error: Any) -> Response:
    method, path = request.method, request.url.path
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return await _refuse(request, problems.wrong_method(method, path, error.headers["Allow"]))
    if error.status_code == HTTPStatus.NOT_FOUND:
        return await _refuse(request, problems.no_route(method, path))
    return await _refuse(request, Refusal(error.status_code, str(error.detail)))


async def _fault(request: Request, error: Exception) -> Response:
    """Starlette raises the error again once this is sent, and Observed tells telemetry of it."""
    seen: Observation = request.scope[SEEN]
    return Response(FAULT.body(seen.path, seen.request_id), FAULT.status, media_type=problems.MEDIA_TYPE)
