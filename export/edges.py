"""Rows on the edges of a model: on its thresholds, at its turns, with missing, tiny and huge values."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from export.boundaries import Turns, above, below
from export.original import Tree
from serinus.schema import LARGEST, Rows

FEW = 256
MOST_TURNS = 20_000
MOST_REPEATS = 8
CHUNK = 4_096
SMALLEST = np.array([1.4e-45, 1e-40, 1.1754944e-38, 1e-30], np.float32)
FARTHER = 10.0
Side = Literal["left", "right"]
SIDES: tuple[Side, ...] = ("left", "right")


def zeros(base: Rows, zero: np.float32, generator: Generator) -> Rows:
    """Rows with half of their values `zero`, and one row of nothing else."""
    return _replaced(base, np.full((FEW, base.shape[1]), zero), generator)


def tiny(base: Rows, generator: Generator) -> Rows:
    values = generator.choice(SMALLEST, (FEW, base.shape[1])) * generator.choice([-1, 1], (FEW, base.shape[1]))
    return _replaced(base, values.astype(np.float32), generator)


def huge(base: Rows, generator: Generator, *, is_smooth: bool) -> Rows:
    """Trees take the largest numbers there are; sums and products only stay comparable ten times farther out."""
    if is_smooth:
        centre = base.mean(axis=0)
        return _clipped(centre + (base[np.arange(FEW) % len(base)] - centre) * FARTHER)
    largest = np.linspace(3, 38, FEW)[:, None]  # row by row, because the largest may overflow in a scaler
    sizes = 10.0 ** generator.uniform(2, largest, (FEW, base.shape[1]))
    sizes[0] = LARGEST
    return _replaced(base, _clipped(sizes * generator.choice([-1, 1], sizes.shape)), generator)


def missing(base: Rows, generator: Generator) -> Iterator[tuple[str, Rows]]:
    rows = base[np.arange(FEW) % len(base)]
    one = rows.copy()
    one[np.arange(FEW), generator.integers(base.shape[1], size=FEW)] = np.nan
    yield "missing-one", one
    shares = generator.uniform(0.05, 0.95, (FEW, 1))
    yield "missing-many", np.where(generator.uniform(size=rows.shape) < shares, np.float32(np.nan), rows)
    yield "missing-all", np.full((1, base.shape[1]), np.nan, np.float32)


def at_thresholds(turning: Sequence[Turns], base: Rows) -> Rows:
    """Every threshold and its two neighbours, each in its feature; a row holds one value of every feature."""
    features = np.concatenate([turn.tree.feature for turn in turning])
    places = np.concatenate([turn.at for turn in turning])
    columns = {int(feature): _around(places[features == feature]) for feature in np.unique(features[features >= 0])}
    longest = max((len(values) for values in columns.values()), default=0)
    rows = base[np.arange(longest) % len(base)]
    for feature, values in columns.items():
        rows[: len(values), feature] = values
    return rows


def at_turns(turning: Sequence[Turns], base: Rows, *, missing: bool = False) -> Rows:
    """Rows that reach a node: with the first value that goes right and the last that goes left, or with none at all.

    Several rows for a node while there is room: both ways down from it may end in the same answer for one of them.
    """
    nodes = sum(int(np.count_nonzero(turn.tree.feature >= 0)) for turn in turning)
    stride = max(1, -(-nodes // MOST_TURNS))
    repeats = max(1, min(MOST_REPEATS, MOST_TURNS // max(1, nodes)))
    parts = [np.zeros((0, base.shape[1]), np.float32)]
    for number, turn in enumerate(turning):
        chosen = np.repeat(np.flatnonzero(turn.tree.feature >= 0)[number % stride :: stride], repeats)
        parts.append(_standing(turn, chosen, base[(np.arange(len(chosen)) * 7 + number) % len(base)], missing=missing))
    return np.concatenate(parts)


def _standing(turn: Turns, nodes: NDArray[np.intp], rows: Rows, *, missing: bool) -> Rows:
    """`rows`, moved to reach `nodes` one by one, and standing at them."""
    ways = np.stack([parents(turn.tree, side) for side in SIDES])
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        _lead(rows[part], turn, nodes[part], ways)
    column, each = turn.tree.feature[nodes], np.arange(len(nodes))
    if missing:
        rows[each, column] = np.nan
        return rows
    right, left = rows.copy(), rows
    right[each, column], left[each, column] = turn.at[nodes], below(turn.at[nodes])
    return np.concatenate([right, left])


def parents(tree: Tree, side: Side) -> NDArray[np.int64]:
    """The node above each one; of several, one from which it is the child on this `side`."""
    above_each = np.full(len(tree.feature), -1)
    inner = np.flatnonzero(tree.feature >= 0)
    for children in (tree.right, tree.left) if side == "left" else (tree.left, tree.right):
        above_each[children[inner]] = inner
    return above_each


def _lead(rows: Rows, turn: Turns, nodes: NDArray[np.intp], ways: NDArray[np.int64]) -> None:
    """Move each row as little as needed to reach its node, in place.

    ways: the node above each one, [ways, nodes]; rows take them in turn. From a node to its root every turn narrows
    what its feature may be: from `low` on, below `high`.
    """
    low, high = np.full(rows.shape, -np.inf, np.float32), np.full(rows.shape, np.inf, np.float32)
    way, node, each = np.arange(len(nodes)) % len(ways), np.asarray(nodes, np.int64), np.arange(len(nodes))
    while len(each):
        parent = ways[way, node]
        climbs = parent >= 0
        parent, node, way, each = parent[climbs], node[climbs], way[climbs], each[climbs]
        feature, at, is_left = turn.tree.feature[parent], turn.at[parent], turn.tree.left[parent] == node
        lefts, rights = (each[is_left], feature[is_left]), (each[~is_left], feature[~is_left])
        high[lefts] = np.minimum(high[lefts], at[is_left])
        low[rights] = np.maximum(low[rights], at[~is_left])
        node = parent
    np.copyto(rows, np.where(rows < low, low, np.where(rows >= high, below(high), rows)))


def _around(places: Rows) -> Rows:
    finite = places[np.isfinite(places)]
    return np.unique(np.concatenate([below(finite), finite, above(finite)]))


def _replaced(base: Rows, values: Rows, generator: Generator) -> Rows:
    """Rows of `base` with half of their values replaced, the first row wholly."""
    which = generator.uniform(size=values.shape) < 0.5
    which[0] = True
    return np.where(which, values, base[np.arange(len(values)) % len(base)])


def _clipped(values: NDArray[np.floating]) -> Rows:
    clipped: Rows = np.clip(values, -LARGEST, LARGEST).astype(np.float32)
    return clipped
