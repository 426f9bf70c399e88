"""One HTTP API: a request finds its stage and route, passes its authorizer and limits, and becomes a call."""

import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from localaws.buckets import Meters
from localaws.exchange import Answer, Call, Request, message
from localaws.function_arns import function_arn
from localaws.http_api import answers, cors
from localaws.http_api.authorizer import Unauthorized, authorized
from localaws.http_api.deployed import LONGEST_S, Deployed, Integration, Route, Stage, deployed
from localaws.http_api.events import Admitted, event
from localaws.http_api.raw_path import raw_path
from localaws.http_api.routes import DEFAULT, best
from localaws.request_ids import short_id, trace_id

log = logging.getLogger(__name__)

REASONS = {408: "Request Timeout", 413: "Request Entity Too Large", 431: "Request Header Fields Too Large"}


class Found(Protocol):
    def __call__(self) -> Any:
        """moto's record of the API, None when it was deleted."""


@dataclass(frozen=True)
class HttpApi:
    """Reads what is deployed at every request, so that a deploy is seen by the next one."""

    found: Found
    meters: Meters

    def admit(self, request: Request) -> Answer | Call:
        request_id = short_id()
        outcome = self._admit(request, request_id)
        return outcome if isinstance(outcome, Call) else signed(outcome, request_id)

    def unread(self, status: int) -> Answer:
        return signed(message(status, REASONS[status]), short_id())

    def _admit(self, request: Request, request_id: str) -> Answer | Call:
        if (record := self.found()) is None:
            return message(403, "Forbidden")
        path = raw_path(request.path)
        if path is None:
            return message(400, "Bad Request")
        return self._found(replace(request, path=path), deployed(record), request_id)

    def _found(self, request: Request, api: Deployed, request_id: str) -> Answer | Call:
        stage, path = _stage(api, request.path)
        match = best(api.routes, request.method, path)
        if stage is None or (match is None and not _answers_preflight(api, request)):
            return message(404, "Not Found")
        admitted = Admitted(request_id, trace_id(request.time_s), stage, match) if match else None
        return self._routed(request, admitted, api)

    def _routed(self, request: Request, admitted: Admitted | None, api: Deployed) -> Answer | Call:
        """The authorizer of a route that also takes OPTIONS stands before a preflight too, as on AWS."""
        route = api.routes[admitted.match.key] if admitted else None
        if route and not route.emulated:
            log.error("%s of %s: only Lambda with payload 2.0 is emulated, open or by JWT", route.key, api.api_id)
            return answers.failed()
        if admitted and route:
            try:
                admitted = self._passed(request, admitted, route, api)
            except Unauthorized as refusal:
                return refusal.answer
        if _answers_preflight(api, request) or admitted is None or route is None or route.integration is None:
            return cors.preflight(request, api.cors or {})
        return _call(request, admitted, route.integration, api)

    def _passed(self, request: Request, admitted: Admitted, route: Route, api: Deployed) -> Admitted:
        limit = admitted.stage.limit(route.key)
        if limit and not self.meters.takes((api.api_id, admitted.stage.name, route.key), limit):
            raise Unauthorized(message(429, "Too Many Requests"))
        if route.authorizer is None:
            return admitted
        claims, scopes = authorized(request, route, route.authorizer)
        return replace(admitted, claims=claims, scopes=scopes)


def signed(answer: Answer, request_id: str) -> Answer:
    return answer.with_headers([("apigw-requestid", request_id)])


def _answers_preflight(api: Deployed, request: Request) -> bool:
    return api.cors is not None and cors.is_preflight(request)


def _stage(api: Deployed, path: str) -> tuple[Stage | None, str]:
    """The stage that the path names, without its name; else the one that needs no name."""
    first, _, rest = path[1:].partition("/")
    if first in api.stages and first != DEFAULT:
        return api.stages[first], f"/{rest}"
    return api.stages.get(DEFAULT), path


def _call(request: Request, admitted: Admitted, integration: Integration, api: Deployed) -> Call:
    finished = partial(_finished, request=request, admitted=admitted, api=api)
    return Call(
        function=function_arn(integration.uri),
        event=event(request, admitted, api),
        timeout_s=min(LONGEST_S, integration.timeout_s),
        answer=lambda invoked: finished(answers.answer(invoked)),
        refused=lambda status: finished(_refused(status)),
        timed_out=finished(message(503, "Service Unavailable")),
    )


def _finished(answer: Answer, request: Request, admitted: Admitted, api: Deployed) -> Answer:
    allowed = cors.allowing(answer, request, api.cors) if api.cors else answer
    return signed(allowed, admitted.request_id)


def _refused(status: int) -> Answer:
    """The event is too large for Lambda, or no sandbox is free."""
    if status == 413:
        return message(413, REASONS[413])
    return message(503, "Service Unavailable") if status == 429 else answers.failed()
