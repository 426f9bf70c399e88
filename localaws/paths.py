"""Templates of paths, with {variables} and a {greedy+} one at the end: what they match, and which is more specific."""

from collections.abc import Mapping
from enum import IntEnum


class Kind(IntEnum):
    """The kinds of a path segment, the more specific first."""

    FIXED = 0
    VARIABLE = 1
    GREEDY = 2


def matched(template: str, path: str) -> Mapping[str, str] | None:
    """What the variables of a template stand for in a path, or None where it is another path."""
    wanted, got = _segments(template), _segments(path)
    greedy = _kind(wanted[-1]) is Kind.GREEDY
    if len(got) < len(wanted) or (len(got) > len(wanted) and not greedy):
        return None
    got = [*got[: len(wanted) - 1], "/".join(got[len(wanted) - 1 :])]
    pairs = list(zip(wanted, got, strict=True))
    if any(want != have if _kind(want) is Kind.FIXED else not have for want, have in pairs):
        return None
    return {want.strip("{+}"): have for want, have in pairs if _kind(want) is not Kind.FIXED}


def specificity(template: str) -> tuple[Kind, ...]:
    """Sorts templates that match the same path: the most specific first."""
    return tuple(map(_kind, _segments(template)))


def _kind(segment: str) -> Kind:
    if not (segment.startswith("{") and segment.endswith("}")):
        return Kind.FIXED
    return Kind.GREEDY if segment.endswith("+}") else Kind.VARIABLE


def _segments(path: str) -> list[str]:
    return path.split("/")[1:]
