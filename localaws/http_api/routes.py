"""Which route of an HTTP API a request takes: the most specific that matches its path and method."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from localaws.paths import Kind, matched, specificity

DEFAULT = "$default"
ANY = "ANY"


@dataclass(frozen=True)
class Match:
    """key: the route's own key; parameters: what the variables in it stand for."""

    key: str
    parameters: Mapping[str, str]


def best(keys: Collection[str], method: str, path: str) -> Match | None:
    """The route of these keys for a request, `$default` when nothing else matches, None when there is no such route."""
    found = [key for key in keys if key != DEFAULT and _takes(key, method, path)]
    if found:
        key = min(found, key=_rank)
        return Match(key, matched(_template(key), path) or {})
    return Match(DEFAULT, {}) if DEFAULT in keys else None


def _takes(key: str, method: str, path: str) -> bool:
    return key.split(" ")[0] in {ANY, method} and matched(_template(key), path) is not None


def _rank(key: str) -> tuple[tuple[Kind, ...], bool]:
    """A method of its own counts less than the path."""
    return specificity(_template(key)), key.startswith(ANY)


def _template(key: str) -> str:
    return key.split(" ", 1)[1]
