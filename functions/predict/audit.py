"""One line per prediction of a service about people, written before its answer leaves: no record, no answer."""

from functools import partial
from http import HTTPStatus
from time import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.predict.asgi import SEEN, Layer, bare, refuse
from functions.predict.audit_log import audit_log
from functions.predict.audit_trail import Trail
from functions.predict.callers import caller
from functions.predict.problems import Refusal
from functions.predict.telemetry import Observation
from serinus.audit import Pseudonyms
from serinus.audit_key import key_of
from serinus.errors import Problem
from serinus.service import Service
from serinus.settings import AuditSettings


def audit(service: Service, settings: AuditSettings, release: str) -> Layer:
    """What goes around the routes that predict; nothing where it is not about people. ServiceError without a key."""
    if not service.privacy.personal:
        return bare
    pseudonyms = Pseudonyms.of(service.name, key_of(settings))
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
            seen.refused = f"audit: {error.strerror or error}"
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
