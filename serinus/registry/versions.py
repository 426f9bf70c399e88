"""Semantic versions, MAJOR.MINOR.PATCH, and their order."""

from collections.abc import Iterable


def order(version: str) -> tuple[int, ...]:
    """What to sort versions by: 1.10.0 comes after 1.9.0."""
    return tuple(map(int, version.split(".")))


def major(version: str) -> int:
    return order(version)[0]


def newest(versions: Iterable[str]) -> str | None:
    return max(versions, key=order, default=None)


def next_major(versions: Iterable[str]) -> str:
    """The version that may change the schema of all of these."""
    return f"{max(map(major, versions)) + 1}.0.0"
