"""One REST API: a request finds its stage and resource, shows its key, passes its limits, and becomes a call."""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from urllib.parse import unquote

from localaws.buckets import Meters
from localaws.exchange import Answer, Call, Invoked, Request
from localaws.request_ids import short_id, trace_id
from localaws.rest_api import keys
from localaws.rest_api.answers import answer
from localaws.rest_api.deployed import Stage, stage_of
from localaws.rest_api.events import Admitted, event
from localaws.rest_api.keys import Key
from localaws.rest_api.refusals import (
    FAILED,
    MALFORMED,
    NO_STAGE,
    THROTTLED,
    TIMED_OUT,
    TOO_LARGE,
    TOO_LONG,
    TOO_SLOW,
    UNKNOWN,
    Refusal,
)
from localaws.rest_api.resources import LONGEST_S, Match, best

log = logging.getLogger(__name__)

UNREAD = {408: TOO_SLOW, 413: TOO_LARGE, 431: TOO_LONG}


class Found(Protocol):
    def __call__(self) -> tuple[Any, Any]:
        """moto's records: all of the region's, and the API, which is None when it was deleted."""


@dataclass(frozen=True)
class Ids:
    """What a request is called by, in its event and in its answer. context: what the body of a refusal may name."""

    request: str
    extended: str
    trace: str
    context: Mapping[str, str]

    @classmethod
    def new(cls, request: Request) -> "Ids":
        given = request.header("x-amzn-trace-id")
        request_id, extended = str(uuid.uuid4()), short_id()
        context = {"requestId": request_id, "extendedRequestId": extended, "path": request.path}
        context |= {"httpMethod": request.method, "identity.sourceIp": request.source_ip}
        return cls(request_id, extended, given or trace_id(request.time_s), context)

    def on(self, answer: Answer) -> Answer:
        headers = {"x-amzn-requestid": self.request, "x-amz-apigw-id": self.extended}
        return answer.with_headers([*headers.items(), ("x-amzn-trace-id", self.trace)])


@dataclass(frozen=True)
class RestApi:
    """Reads what is deployed at every request, so that a deploy is seen by the next one."""

    found: Found
    meters: Meters

    def admit(self, request: Request) -> Answer | Call:
        ids = Ids.new(request)
        backend, record = self.found()
        name, _, rest = request.path[1:].partition("/")
        stage = stage_of(record, unquote(name)) if record is not None else None
        if stage is None:
            return ids.on(NO_STAGE.answer({}, ids.context))
        outcome = self._admitted(request, f"/{rest}", stage, backend, ids)
        return (
            ids.on(outcome.answer(stage.responses, ids.context))
            if isinstance(outcome, Refusal)
            else _call(request, outcome, ids)
        )

    def unread(self, status: int) -> Answer:
        request_id = str(uuid.uuid4())
        return UNREAD[status].answer({}, {"requestId": request_id}).with_headers([("x-amzn-requestid", request_id)])

    def _admitted(self, request: Request, path: str, stage: Stage, backend: Any, ids: Ids) -> Admitted | Refusal:
        match = best(stage.resources, request.method, path)
        if match is None:
            return UNKNOWN
        key: Key | Refusal | None = None
        if match.method.needs_key:
            key = keys.admitted(request, stage, match, backend, self.meters)
        if isinstance(key, Refusal):
            return key
        if not self._has_room(stage, match):
            return THROTTLED
        return Admitted(ids.request, ids.extended, ids.trace, stage, match, path, key)

    def _has_room(self, stage: Stage, match: Match) -> bool:
        limit = stage.limit(match)
        return limit is None or self.meters.takes(
            (stage.api_id, stage.name, match.resource.id, match.method_name), limit
        )


def _call(request: Request, admitted: Admitted, ids: Ids) -> Answer | Call:
    customized, method = admitted.stage.responses, admitted.match.method
    refused = partial(_refused, customized=customized, ids=ids)
    if method.function is None:
        where = f"{admitted.match.method_name} {admitted.match.resource.path}"
        log.error("%s of %s: only Lambda proxies without an authorizer are emulated", where, admitted.stage.api_id)
        return refused(500)

    def finished(invoked: Invoked) -> Answer:
        return ids.on(answer(invoked, request, admitted.stage) or MALFORMED.answer(customized, ids.context))

    return Call(
        function=method.function,
        event=event(request, admitted),
        timeout_s=min(LONGEST_S, method.timeout_s),
        answer=finished,
        refused=refused,
        timed_out=ids.on(TIMED_OUT.answer(customized, ids.context)),
    )


def _refused(status: int, customized: Any, ids: Ids) -> Answer:
    """Lambda ran nothing. That it is busy is no 429 here: the client did nothing too often."""
    refusal = TOO_LARGE if status == 413 else FAILED
    return ids.on(refusal.answer(customized, ids.context))
