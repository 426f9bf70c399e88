"""Errors as the caller sees them: RFC 9457 problem+json. The one place that knows which error is which status."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from math import ceil

import orjson

from serinus.errors import InputError, Problem, StoreDown, UnknownEntity, UnknownModel, shown

MEDIA_TYPE = "application/problem+json"
Refused = InputError | UnknownModel | StoreDown
RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}  # by RFC 9110, which Python follows from 3.13 on


@dataclass(eq=False)  # not frozen: Python writes the traceback into an exception
class Refusal(Exception):
    """A request that is answered with a 4xx or 5xx before, or instead of, a prediction."""

    status: int
    detail: str
    problems: Sequence[Problem] = ()
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> str:
        """The names of what was wrong, for the log: never the values."""
        return ", ".join(problem.field for problem in self.problems) or self.detail

    def body(self, path: str, request_id: str) -> bytes:
        title = reason(self.status)
        problem = {
            "type": f"urn:serinus:{title.lower().replace(' ', '-')}",
            "title": title,
            "status": self.status,
            "detail": self.detail,
            "instance": path,
            "request_id": request_id,
            "errors": [asdict(problem) for problem in self.problems],
        }
        return orjson.dumps(problem)


def reason(status: int) -> str:
    """What RFC 9110 calls `status`, the same under every Python: a problem's type is made of it."""
    return RENAMED.get(status) or HTTPStatus(status).phrase


def refusal(error: Refused) -> Refusal:
    if isinstance(error, UnknownModel):
        return unknown_model(error, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if isinstance(error, StoreDown):
        return store_down(error)
    if isinstance(error, UnknownEntity):
        return Refusal(HTTPStatus.NOT_FOUND, str(error)[:500], error.problems)
    count = len(error.problems)
    what = f"{count} value{' was' if count == 1 else 's were'} not as expected"
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"{what}: {error}"[:500], error.problems)


def unknown_model(error: UnknownModel, *, status: int) -> Refusal:
    expected = f"one of {', '.join(error.known)}"
    return Refusal(status, str(error)[:500], [Problem("model", shown(error.name), expected)])


def store_down(error: StoreDown) -> Refusal:
    """Why it is down is for the log: it tells of machines that callers need not know."""
    wait = str(max(ceil(error.retry_after_s), 1))
    detail = f"the feature store does not answer; ask again in {wait} s, or send all that is stored with the request"
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"retry-after": wait})


def too_large(size: int, most: int) -> Refusal:
    problem = Problem("body", f"{size} bytes or more", f"at most {most} bytes; for more rows, score a file in bulk")
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(problem), [problem])


def not_json(name: str, value: str, expected: str) -> Refusal:
    problem = Problem(name, shown(value), expected)
    return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(problem), [problem])


def no_route(method: str, path: str) -> Refusal:
    problem = Problem("path", shown(path), "a path of this API: see /docs")
    return Refusal(HTTPStatus.NOT_FOUND, f"nothing is served at {method} {shown(path)}", [problem])


def wrong_method(method: str, path: str, allowed: str) -> Refusal:
    problem = Problem("method", method, allowed)
    return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"{shown(path)} takes {allowed}", [problem], {"allow": allowed})


def wrong_parameter(name: str, value: object, expected: str) -> Refusal:
    return refusal(InputError([Problem(name, shown(value), expected)]))


FAULT = Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "a mistake of ours; the log has it under this request_id")
