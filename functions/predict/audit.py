"""One line per prediction of a service about people, written before its answer leaves: no record, no answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from http import HTTPStatus
from math import isfinite
from time import gmtime, strftime, time
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.predict.asgi import SEEN, Layer, bare, refuse
from functions.predict.audit_log import AuditLog, audit_log
from functions.predict.callers import caller
from functions.predict.problems import Refusal
from functions.predict.telemetry import Observation
from serinus.audit import EVENT, Pseudonyms
from serinus.errors import Problem
from serinus.prediction import Answers, Classes
from serinus.service import Bands, Service
from serinus.settings import AuditSettings

ALL = "*"  # in place of a model: all of them, made one
DIGITS = 4  # of probabilities: all of them would tell rows apart
Json = dict[str, Any]
Spoken = tuple[str, str | None, Answers | None]


@dataclass(frozen=True)
class Trail:
    """Makes records and writes them. clock: seconds since the epoch."""

    log: AuditLog
    pseudonyms: Pseudonyms
    release: str
    clock: Callable[[], float]

    def record(self, seen: Observation, who: str, status: int) -> None:
        """OSError when not all of it could be written."""
        about = {
            "event": EVENT,
            "when": _instant(self.clock()),
            "who": who,
            "service": self.pseudonyms.service,
            "release": self.release,
            "request_id": seen.request_id,
            "key": self.pseudonyms.key_id,
        }
        samples = self._answered(seen) if status < HTTPStatus.BAD_REQUEST else self._unanswered(seen, status)
        self.log.write([orjson.dumps(about | sample) for sample in samples])

    def _answered(self, seen: Observation) -> Iterator[Json]:
        spoken: list[Spoken] = [(one.model, one.version, one.answers) for one in seen.predicted]
        if seen.combined is not None:
            spoken.append((ALL, None, seen.combined))
        answered: set[int] = set()
        for model, version, answers in spoken:
            for place, told in zip(seen.subjects.rows, outcomes(answers, seen.subjects.bands), strict=True):
                answered.add(place)
                yield {**self._sample(seen, place), "model": model, "version": version, **told}
        for place in range(seen.subjects.samples):
            if place not in answered:
                yield {**self._sample(seen, place), "outcome": "refused"}

    def _unanswered(self, seen: Observation, status: int) -> Iterator[Json]:
        outcome = "failed" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "refused"
        for place in range(seen.subjects.samples):
            yield {**self._sample(seen, place), "outcome": outcome, "status": status}

    def _sample(self, seen: Observation, place: int) -> Json:
        entity = seen.subjects.entities.get(place)
        return {
            "sample": place,
            "entity": None if entity is None else self.pseudonyms.of_entity(entity),
            "features_from_store": place in seen.subjects.stored,
        }


def outcomes(answers: Answers | None, bands: Bands | None) -> list[Json]:
    """What each row was told."""
    if isinstance(answers, Classes):
        return _classes(answers, bands)
    assert answers is not None
    values = answers.values.tolist()
    return [
        {"outcome": "answered", "value": float(f"{value:.6g}")} if isfinite(value) else {"outcome": "refused"}
        for value in values
    ]


def _classes(answers: Classes, bands: Bands | None) -> list[Json]:
    told: list[Json] = []
    column = answers.labels.index(bands.label) if bands else 0
    for id_, shares in zip(answers.ids.tolist(), answers.probabilities.tolist(), strict=True):
        if not all(map(isfinite, shares)):
            told.append({"outcome": "refused"})
            continue
        one = {"outcome": "answered", "class": answers.labels[id_], "confidence": round(shares[id_], DIGITS)}
        told.append(one | {"band": bands.of(shares[column])} if bands else one)
    return told


def audit(service: Service, settings: AuditSettings, release: str) -> Layer:
    """What goes around the routes that predict; nothing where it is not about people. ServiceError without a key."""
    if not service.privacy.personal:
        return bare
    pseudonyms = Pseudonyms.of(service.name, settings.audit_key)
    trail = Trail(audit_log(settings.audit_log), pseudonyms, release, time)
    return partial(Audited, trail=trail)


class Audited:
    """A route that predicts, with a record of what it answers; where none can be written it answers 503 instead."""

    def __init__(self, app: ASGIApp, trail: Trail) -> None:
        self._app = app
        self._trail = trail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        recorded = _Recorded(self._trail, scope, send)
        try:
            await self._app(scope, receive, recorded)
        except Exception:
            recorded.failed()
            raise


class _Recorded:
    """`send`, once there is a record of what is sent."""

    def __init__(self, trail: Trail, scope: Scope, send: Send) -> None:
        self._trail = trail
        self._scope = scope
        self._send = send
        self._is_lost = self._is_recorded = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._start(message)
        elif not self._is_lost:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        seen: Observation = self._scope[SEEN]
        try:
            self._record(message["status"])
        except OSError as error:
            self._is_lost = True
            seen.predicted.clear()  # nobody learns of them
            await refuse(self._send, unrecorded(), seen)
            seen.refused = f"audit: {error.strerror or type(error).__name__}"
        else:
            await self._send(message)

    def _record(self, status: int) -> None:
        self._is_recorded = True
        seen: Observation = self._scope[SEEN]
        self._trail.record(seen, caller(seen, self._scope), status)

    def failed(self) -> None:
        """The answer will be 500, whether this can be recorded or not."""
        if not self._is_recorded:
            self._record(HTTPStatus.INTERNAL_SERVER_ERROR)


def unrecorded() -> Refusal:
    problem = Problem("audit", None, "a record of this prediction, and none can be written: tell who runs this service")
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(problem), [problem], {"retry-after": "10"})


def _instant(now: float) -> str:
    """`now`, in seconds since the epoch, as RFC 3339 in UTC with milliseconds."""
    ms = int(now * 1000)
    return f"{_second(ms // 1000)}.{ms % 1000:03}Z"


@lru_cache(maxsize=1)
def _second(now: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(now))
