"""Many things, a few at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Thing = TypeVar("Thing")


def in_chunks(things: Iterable[Thing], size: int) -> Iterator[list[Thing]]:
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some
