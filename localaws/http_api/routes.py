"""Which route of an HTTP API a request takes: the most specific that matches its path and method."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from urllib.parse import unquote

DEFAULT = "$default"
ANY = "ANY"


class Kind(IntEnum):
    """The kinds of a path segment, the more specific first."""

    FIXED = 0
    VARIABLE = 1
    GREEDY = 2


@dataclass(frozen=True)
class Match:
    """key: the route's own key; parameters: what the variables in it stand for."""

    key: str
    parameters: Mapping[str, str]


def best(keys: Iterable[str], method: str, path: str) -> Match | None:
    """The route of these keys for a request, `$default` when nothing else matches, None when there is no such route."""
    keys = list(keys)
    found = [(_rank(key), key) for key in keys if key != DEFAULT and _takes(key, method, path)]
    if found:
        _, key = min(found)
        return Match(key, matched(key.split(" ", 1)[1], path) or {})
    return Match(DEFAULT, {}) if DEFAULT in keys else None


def matched(template: str, path: str) -> Mapping[str, str] | None:
    """What the variables of a path template stand for in a path, or None where it is another path."""
    wanted, got = _segments(template), _segments(path)
    greedy = bool(wanted) and kind(wanted[-1]) is Kind.GREEDY
    if len(got) < len(wanted) or (len(got) > len(wanted) and not greedy):
        return None
    if greedy:
        got = [*got[: len(wanted) - 1], "/".join(got[len(wanted) - 1 :])]
    pairs = list(zip(wanted, got, strict=True))
    if any(want != have if kind(want) is Kind.FIXED else not have for want, have in pairs):
        return None
    return {_name(want): unquote(have) for want, have in pairs if kind(want) is not Kind.FIXED}


def kind(segment: str) -> Kind:
    if not (segment.startswith("{") and segment.endswith("}")):
        return Kind.FIXED
    return Kind.GREEDY if segment.endswith("+}") else Kind.VARIABLE


def specificity(template: str) -> tuple[Kind, ...]:
    """Sorts templates that match the same path: the most specific first."""
    return tuple(kind(segment) for segment in _segments(template))


def _takes(key: str, method: str, path: str) -> bool:
    wanted, template = key.split(" ", 1)
    return wanted in {ANY, method} and matched(template, path) is not None


def _rank(key: str) -> tuple[tuple[Kind, ...], bool]:
    method, template = key.split(" ", 1)
    return specificity(template), method == ANY


def _segments(path: str) -> list[str]:
    return path.split("/")[1:]


def _name(segment: str) -> str:
    return segment.strip("{}").rstrip("+")
