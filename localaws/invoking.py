"""Invoke runs the version that was asked for, in a real runtime.

AWS (Lambda API reference, Invoke): `Qualifier` names a version or an alias, `X-Amz-Executed-Version` tells which one
ran; `X-Amz-Function-Error` tells that the payload is an error of the function; with `LogType=Tail` the last 4 KB of the
log come in `X-Amz-Log-Result`; InvocationType `Event` answers 202 at once, `DryRun` 204. A request is at most 6 MB, an
event 1 MB.

moto 5.2.5: reads the query `qualifier` where boto3 sends `Qualifier`, so that $LATEST always runs; runs no image at all
(AttributeError: code_digest) and an archive only in a container of an image that it would have to pull; tells no
executed version; waits for an Event. It also reads a payload like `&Action=...` as a form.
"""

import base64
import json
from collections.abc import Callable, Mapping, MutableMapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse

from localaws.dispatch import Invocation, current
from localaws.patching import replace
from localaws.refusals import Refused, malformed, too_large, unparsable
from localaws.routing import Target

EVENT_LIMIT = 1024 * 1024
REQUEST_LIMIT = 6 * 1024 * 1024
LOG_TAIL = 4 * 1024
REQUEST_ID = "X-Localaws-Request-Id"
Answer = tuple[int, dict[str, str], bytes]
Headers = MutableMapping[str, str]

_dispatch = LambdaResponse._dispatch


def apply() -> None:
    replace(LambdaResponse, invoke=_answer, _dispatch=_dispatch_raw)
    replace(LambdaBackend, invoke=_invoke_by_name)
    replace(LambdaFunction, invoke=_invoke_version)


def _dispatch_raw(self: LambdaResponse, request: Any, full_url: str | None = None, headers: Any = None) -> Any:
    """The payload of an Invoke is the caller's: it is never read as the fields of a form."""
    if not request.path.endswith(("/invocations", "/invocations/")):
        return _dispatch(self, request, full_url, headers)
    self.setup_class(request, full_url, headers, use_raw_body=True)
    status, said, body = self.call_action()
    if REQUEST_ID in said:  # moto has made one up after ours was there
        said["x-amzn-requestid"] = said.pop(REQUEST_ID)
    return status, said, body


def _answer(self: LambdaResponse) -> Answer:
    function = unquote(self.path.rstrip("/").rsplit("/", 2)[-2])
    qualifier = parse_qs(self.parsed_url.query).get("Qualifier", [None])[0]
    kind = self.headers.get("X-Amz-Invocation-Type") or "RequestResponse"
    if kind not in KINDS:
        constraint = f"Member must satisfy enum value set: [{', '.join(KINDS)}]"
        raise malformed(kind, "invocationType", constraint)
    region, payload = self.region, _payload(self.raw_body, kind)
    return KINDS[kind](self, lambda run: run(function, qualifier, payload, region=region))


def _now(self: LambdaResponse, call: Callable[[Any], Any]) -> Answer:
    invocation: Invocation = call(current().invoke)
    headers = {"Content-Type": "application/json", **_headers(invocation)}
    if self.headers.get("X-Amz-Log-Type") == "Tail":
        headers["X-Amz-Log-Result"] = base64.b64encode(invocation.logs.encode()[-LOG_TAIL:]).decode()
    return HTTPStatus.OK.value, headers, invocation.body


def _later(self: LambdaResponse, call: Callable[[Any], Any]) -> Answer:
    call(current().submit)
    return HTTPStatus.ACCEPTED.value, {"status": "202"}, b""


def _never(self: LambdaResponse, call: Callable[[Any], Any]) -> Answer:
    call(_found)
    return HTTPStatus.NO_CONTENT.value, {"status": "204"}, b""


KINDS: Mapping[str, Callable[[LambdaResponse, Callable[[Any], Any]], Answer]] = MappingProxyType(
    {"Event": _later, "RequestResponse": _now, "DryRun": _never}
)


def _found(function: str, qualifier: str | None, payload: bytes, *, region: str) -> Target:
    return current().target(function, qualifier, region=region)


def _payload(body: bytes | str | None, kind: str) -> bytes:
    payload = (body.encode() if isinstance(body, str) else body) or b"{}"
    if kind == "Event" and len(payload) > EVENT_LIMIT:
        said = f"{len(payload)} byte payload is too large for the Event invocation type (limit {EVENT_LIMIT} bytes)"
        raise too_large(said)
    if len(payload) > REQUEST_LIMIT:
        raise too_large(f"Request must be smaller than {REQUEST_LIMIT} bytes for the InvokeFunction operation")
    try:
        json.loads(payload)
    except ValueError as error:
        raise unparsable(str(error)) from None
    return payload


def _headers(invocation: Invocation) -> dict[str, str]:
    headers = {"X-Amz-Executed-Version": invocation.version, REQUEST_ID: invocation.request_id}
    return headers | ({"X-Amz-Function-Error": invocation.function_error} if invocation.function_error else {})


def _invoke_by_name(  # noqa: PLR0913, PLR0917  moto's own signature
    self: LambdaBackend, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Headers
) -> bytes:
    """What other services of moto call: SQS, EventBridge, Secrets Manager."""
    aimed = current().target(function_name, qualifier, region=self.region_name)
    return _run(aimed, body, response_headers)


def _invoke_version(self: LambdaFunction, body: Any, request_headers: Any, response_headers: Headers) -> bytes:
    """As above, of a version that the caller has at hand: S3, SNS, Kinesis, DynamoDB, Logs."""
    return _run(Target(self, str(self.version)), body, response_headers)


def _run(aimed: Target, body: Any, response_headers: Headers) -> bytes:
    """A service that delivers an event is not its sender: being throttled is an error of the delivery, and no more."""
    try:
        invocation = current().run(aimed, (body.encode() if isinstance(body, str) else body) or b"{}")
    except Refused as refused:
        response_headers["x-amz-function-error"] = refused.error_type
        return refused.description.encode()
    response_headers.update({name.lower(): value for name, value in _headers(invocation).items()})
    return invocation.body
