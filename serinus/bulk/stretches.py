"""How the row groups of a Parquet file become chunks of like size."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CHUNK_BYTES = 32_000_000  # of float32 features: what one worker holds at a time
MOST_ROWS = 100_000
LARGE = 2  # a row group of more chunks than this is cut


@dataclass(frozen=True)
class Stretch:
    """The rows of a chunk. first: the number of the first one in the file, from 0.

    groups: the row groups it is made of; one of them alone is cut, if part is not None: this is its part-th piece.
    """

    groups: tuple[int, ...]
    first: int
    rows: int
    part: int | None = None


def chunk_rows(features: int) -> int:
    return min(max(CHUNK_BYTES // (4 * features), 1), MOST_ROWS)


def stretches(group_rows: Sequence[int], wanted: int) -> list[Stretch]:
    """Chunks of about `wanted` rows: small row groups together, large ones in pieces of `wanted` rows."""
    return list(_stretches(group_rows, wanted)) or [Stretch((), 0, 0)]


def _stretches(group_rows: Sequence[int], wanted: int) -> Iterator[Stretch]:
    gathered = Stretch((), 0, 0)
    for group, rows in enumerate(group_rows):
        first = gathered.first + gathered.rows
        if gathered.groups and gathered.rows + rows > wanted:
            yield gathered
            gathered = Stretch((), first, 0)
        if rows > LARGE * wanted:
            for part, start in enumerate(range(0, rows, wanted)):
                yield Stretch((group,), first + start, min(wanted, rows - start), part)
            gathered = Stretch((), first + rows, 0)
        else:
            gathered = Stretch((*gathered.groups, group), gathered.first, gathered.rows + rows)
    if gathered.groups:
        yield gathered
