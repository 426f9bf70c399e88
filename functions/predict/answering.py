"""From a raw body to the body of the answer, for each of the hot routes: read it, wait only if that must be, answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Protocol, TypeVar

from starlette.types import Scope

from functions.predict import classification, problems, regression
from functions.predict.answers import Json
from functions.predict.subjects import note_answered
from functions.predict.telemetry import Observation
from functions.predict.wire import BatchRequest, PredictRequest
from serinus.ensemble import Ensemble
from serinus.errors import UnknownModel

Answer = Json | Awaitable[Json]
Request = TypeVar("Request", PredictRequest, BatchRequest)

ONE = MappingProxyType({"classification": classification.one, "regression": regression.one})
MANY = MappingProxyType({"classification": classification.many, "regression": regression.many})


class Reader(Protocol):
    """Reads the bodies of one service; what it has to wait for comes later."""

    def one(self, body: bytes, seen: Observation) -> PredictRequest | Awaitable[PredictRequest]: ...
    def many(self, body: bytes, seen: Observation) -> BatchRequest | Awaitable[BatchRequest]: ...


@dataclass(frozen=True, slots=True)
class Answering:
    ensemble: Ensemble
    reader: Reader

    def one(self, body: bytes, seen: Observation, scope: Scope) -> Answer:
        request = self.reader.one(body, seen)
        if isinstance(request, PredictRequest):
            return self._one(request, seen)
        return _later(request, lambda ready: self._one(ready, seen))

    def one_by(self, body: bytes, seen: Observation, scope: Scope) -> Answer:
        """As `one`, with the model named by the path; a body that names another contradicts it."""
        name = scope["path_params"]["name"]
        try:
            self.ensemble.named(name)
        except UnknownModel as error:
            raise problems.unknown_model(error, status=HTTPStatus.NOT_FOUND) from None
        request = self.reader.one(body, seen)
        if isinstance(request, PredictRequest):
            return self._one(request.by(name), seen)
        return _later(request, lambda ready: self._one(ready.by(name), seen))

    def many(self, body: bytes, seen: Observation, scope: Scope) -> Answer:
        request = self.reader.many(body, seen)
        if isinstance(request, BatchRequest):
            return self._many(request, seen)
        return _later(request, lambda ready: self._many(ready, seen))

    def _one(self, request: PredictRequest, seen: Observation) -> Json:
        self._note(request, seen)
        return ONE[self.ensemble.service.service.task](self.ensemble, request, seen)

    def _many(self, request: BatchRequest, seen: Observation) -> Json:
        self._note(request, seen)
        return MANY[self.ensemble.service.service.task](self.ensemble, request, seen)

    def _note(self, request: PredictRequest | BatchRequest, seen: Observation) -> None:
        if self.ensemble.service.privacy.personal:
            note_answered(request, seen)
            seen.subjects.bands = self.ensemble.service.bands


async def _later(request: Awaitable[Request], finish: Callable[[Request], Json]) -> Json:
    return finish(await request)
