"""Takes up new models without a restart: all is made anew beside what answers, and then takes its place at once.

Requests that have begun end with the models they began with. Several workers of one server share a file: whoever took
up new models touches it, and the others do the same before they answer another request.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.predict.answers import Json, metadata
from functions.predict.asgi import SEEN
from functions.predict.generation import Generation
from functions.predict.problems import Refusal
from functions.predict.redaction import fresh_id
from functions.predict.stock import Stock
from functions.predict.telemetry import Observation, Telemetry
from serinus.ensemble import Ensemble
from serinus.errors import Problem, SerinusError
from serinus.predictor import Predictor

PATHS = ("/models/reload", "/api/v1/models/reload")
BAKED = "the models of this release are baked into its image: build another release to change them"


@dataclass(frozen=True)
class Served:
    """What answers: an app, and what it was made of."""

    app: ASGIApp
    ensemble: Ensemble
    stock: Stock | None


Build = Callable[[Served | None, Sequence[BaseRoute]], Served]


class Current:
    """The app that answers now. generation: None where there is one worker."""

    def __init__(
        self, build: Build, telemetry: Telemetry, generation: Generation | None, routes: Sequence[BaseRoute] = ()
    ) -> None:
        self._build = build
        self._telemetry = telemetry
        self._generation = generation
        self._routes = [*routes, *(Route(path, self._reload, methods=["POST"]) for path in PATHS)]
        self._one_at_a_time = asyncio.Lock()
        self._served = build(None, self._routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._generation is not None and self._generation.is_new():
            await self._catch_up(self._generation)
        await self._served.app(scope, receive, send)

    async def _reload(self, request: Request) -> JSONResponse:
        async with self._one_at_a_time:
            try:
                before = await self._renew()
            except SerinusError as error:
                raise _unfit(error) from error
            if self._generation is not None:
                self._generation.announce()
        return JSONResponse({**changes(before, self._served.ensemble), **metadata(request.scope[SEEN])})

    async def _catch_up(self, generation: Generation) -> None:
        async with self._one_at_a_time:
            if generation.is_new():
                generation.caught_up()
                try:
                    await self._renew()
                except SerinusError as error:  # what answered goes on answering
                    self._telemetry.failed(Observation(fresh_id(), "POST", PATHS[0]), error)

    async def _renew(self) -> Ensemble:
        """Put what lies on disk now in the place of what answers, and return the latter."""
        before = self._served
        self._served = await asyncio.to_thread(self._build, before, self._routes)
        for model, old, new in _pairs(before.ensemble, self._served.ensemble):
            if old is not None and old is not new:
                self._telemetry.dropped(model, old.metadata.version)
        return before.ensemble


def changes(before: Ensemble, after: Ensemble) -> Json:
    """Which models are other ones now."""
    pairs = [(name, old, new) for name, old, new in _pairs(before, after) if _told(old) != _told(new)]
    return {
        "changed": [{"name": name, "from": _told(old), "to": _told(new)} for name, old, new in pairs],
        "models": {name: predictor.metadata.version for name, predictor in after.predictors.items()},
        "auto": after.best,
        "service": after.service.name,
    }


def baked() -> list[Route]:
    """In place of reloading, where there is nothing to reload."""

    async def refuse(request: Request) -> JSONResponse:
        raise Refusal(HTTPStatus.CONFLICT, BAKED, [Problem("models", "reload", BAKED)])

    return [Route(path, refuse, methods=["POST"]) for path in PATHS]


def _pairs(before: Ensemble, after: Ensemble) -> list[tuple[str, Predictor | None, Predictor | None]]:
    old, new = before.predictors, after.predictors
    return [(name, old.get(name), new.get(name)) for name in sorted({*old, *new})]


def _told(predictor: Predictor | None) -> Mapping[str, str] | None:
    return None if predictor is None else {"version": predictor.metadata.version, "digest": predictor.digest}


def _unfit(error: SerinusError) -> Refusal:
    problem = Problem("models", "what lies on disk", f"a service and bundles that can be served: {error}")
    detail = f"nothing was reloaded, the models that were loaded answer on: {error}"
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, detail[:1000], [problem])
