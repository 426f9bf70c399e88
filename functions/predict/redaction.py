"""What leaves of a request, in answers and logs: as it came, or, of a service about people, nothing its caller wrote.

Whatever is said of a request is said through its Observation, which says it through one of these. Not only values are
the caller's: a request id, a path, the name of an unknown member can be a patient's as well.
"""

import re
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from re import Pattern
from secrets import token_hex
from typing import Protocol, Self

from starlette.routing import compile_path
from starlette.types import Scope

from functions.predict.outline import outline
from functions.predict.problems import Refusal, reason
from serinus.errors import Problem
from serinus.service import Service

WITHHELD = "withheld"
UNKNOWN_MEMBER = "an unknown member"
UNKNOWN_PATH = "an-unknown-path"  # stands where problem+json wants a URI reference
UNKNOWN_METHOD = "an unknown method"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
LISTS = ("features", "samples")
OPTIONS = ("model", "model_name", "return_probabilities", "return_all_models", "voting")
PARTS = (
    "body",
    "path",
    "method",
    "content-type",
    "content-encoding",
    "x-api-key",
    "requests",
    "models",
    "deep",
    "audit",
)
AT_A_PLACE = re.compile(r"(?P<list>[a-z][a-z0-9_]*)(?P<places>(\[[0-9]{1,7}\])*)(\.(?P<name>.*))?", re.DOTALL)
REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}\Z")
WITHOUT_PROBLEMS = {
    500: "a mistake of ours; the log has it under this request_id",
    503: "this cannot be answered at the moment; ask again",
}


class Redaction(Protocol):
    """What of each may be told."""

    def request_id(self, scope: Scope) -> str: ...
    def method(self, method: str) -> str: ...
    def path(self, path: str) -> str: ...
    def refusal(self, refusal: Refusal) -> Refusal: ...
    def problems(self, problems: Sequence[Problem]) -> Sequence[Problem]: ...
    def summary(self, problems: Sequence[Problem]) -> str: ...
    def trace(self, error: BaseException) -> str: ...


class Plain:
    """All of it."""

    def request_id(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and REQUEST_ID.match(value):
                return str(value, "ascii")
        return fresh_id()

    def method(self, method: str) -> str:
        return method

    def path(self, path: str) -> str:
        return path

    def refusal(self, refusal: Refusal) -> Refusal:
        return refusal

    def problems(self, problems: Sequence[Problem]) -> Sequence[Problem]:
        return problems

    def summary(self, problems: Sequence[Problem]) -> str:
        return "; ".join(map(str, problems))[:500]

    def trace(self, error: BaseException) -> str:
        return "".join(traceback.format_exception(error))


PLAIN = Plain()


@dataclass(frozen=True)
class Personal:
    """Only what the service says of itself. members: all a request may hold; lists: those with places, which are below
    `most`; routes: the paths that are served, by what matches them."""

    members: frozenset[str]
    lists: frozenset[str]
    most: int
    fixed: frozenset[str]
    routes: Mapping[str, Pattern[str]]

    @classmethod
    def of(cls, service: Service, paths: Iterable[str]) -> Self:
        fields = service.input.fields
        lists = frozenset({*LISTS, service.input.rows})
        named = {*OPTIONS, *PARTS, *service.input.names, *(field.name for field in fields)}
        most = max(service.gateway.max_batch_size, service.input.features)
        known = {*paths}
        fixed = frozenset(path for path in known if "{" not in path)
        return cls(lists | named, lists, most, fixed, {path: compile_path(path)[0] for path in known - fixed})

    def request_id(self, scope: Scope) -> str:
        """Never the caller's: those who file by patient send the patient's number."""
        return fresh_id()

    def method(self, method: str) -> str:
        return method if method in METHODS else UNKNOWN_METHOD

    def path(self, path: str) -> str:
        """The route, with the names of its parameters in place of what they are."""
        if path in self.fixed:
            return path
        return next((route for route, pattern in self.routes.items() if pattern.match(path)), UNKNOWN_PATH)

    def refusal(self, refusal: Refusal) -> Refusal:
        problems = self.problems(refusal.problems)
        phrase = reason(refusal.status)
        detail = self.summary(problems) if problems else WITHOUT_PROBLEMS.get(refusal.status, phrase)
        return Refusal(refusal.status, detail, problems, refusal.headers)

    def problems(self, problems: Sequence[Problem]) -> Sequence[Problem]:
        return [Problem(self.member(one.field), WITHHELD, one.expected) for one in problems]

    def summary(self, problems: Sequence[Problem]) -> str:
        return "; ".join(f"{self.member(one.field)}: expected {one.expected}" for one in problems)[:500]

    def member(self, field: str) -> str:
        """`field` as far as it is of names that the service knows."""
        if field in self.members or field == UNKNOWN_MEMBER:
            return field
        at = AT_A_PLACE.fullmatch(field)
        if not at or at["list"] not in self.lists or any(int(place) >= self.most for place in _digits(at["places"])):
            return UNKNOWN_MEMBER
        known = at["name"] is None or at["name"] in (*self.members, UNKNOWN_MEMBER)
        return field if known else f"{at['list']}{at['places']}.{UNKNOWN_MEMBER}"

    def trace(self, error: BaseException) -> str:
        return outline(error)


def redaction(service: Service, paths: Iterable[str]) -> Redaction:
    """What may be told of the requests to `service`, which is served at `paths`."""
    return Personal.of(service, paths) if service.privacy.personal else PLAIN


def fresh_id() -> str:
    return f"req_{token_hex(16)}"


def _digits(places: str) -> list[str]:
    return re.findall("[0-9]+", places)
