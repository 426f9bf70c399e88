"""Which pieces of the line from 0 to 2^64 a candidate owns. What nobody owns is the control's.

A candidate keeps its pieces in the order it took them, and gives back what it took last. Upward it takes the lowest of
what is the control's, otherwise the highest.
"""

from collections.abc import Iterable

POINTS = 2**64
Piece = tuple[int, int]  # from the first point to before the second
Pieces = tuple[Piece, ...]


def length(pieces: Pieces) -> int:
    return sum(stop - start for start, stop in pieces)


def owns(pieces: Pieces, point: int) -> bool:
    return any(start <= point < stop for start, stop in pieces)


def left(owned: Iterable[Pieces]) -> Pieces:
    """What none of `owned` has, from low to high. Owned pieces do not overlap."""
    taken = sorted(piece for pieces in owned for piece in pieces)
    edges = [0, *(edge for piece in taken for edge in piece), POINTS]
    return tuple((start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True) if start < stop)


def grown(pieces: Pieces, free: Pieces, points: int, *, upward: bool) -> Pieces:
    """`pieces` and as many `points` of `free` more, or all of it where it is less."""
    for start, stop in free if upward else free[::-1]:
        taken = min(points, stop - start)
        points -= taken
        if taken:
            piece = (start, start + taken) if upward else (stop - taken, stop)
            pieces = _joined(pieces, piece, upward=upward)
    return pieces


def shrunk(pieces: Pieces, points: int, *, upward: bool) -> Pieces:
    """`pieces` without the last `points` taken."""
    while points > 0:
        *kept, (start, stop) = pieces
        given = min(points, stop - start)
        points -= given
        rest = (start, stop - given) if upward else (start + given, stop)
        pieces = (*kept, rest) if rest[0] < rest[1] else tuple(kept)
    return pieces


def overlap(owned: Iterable[Pieces]) -> bool:
    """Whether a point is owned twice, or a piece is none of the line."""
    taken = sorted(piece for pieces in owned for piece in pieces)
    edges = [0, *(edge for piece in taken for edge in piece), POINTS]
    return edges != sorted(edges) or any(start == stop for start, stop in taken)


def _joined(pieces: Pieces, piece: Piece, *, upward: bool) -> Pieces:
    """`piece` and the last one made one where they touch: from its end, what came last still leaves first."""
    if pieces:
        (start, stop), (first, last) = pieces[-1], piece
        if upward and stop == first:
            return (*pieces[:-1], (start, last))
        if not upward and last == start:
            return (*pieces[:-1], (first, stop))
    return (*pieces, piece)
