"""LightGBM's decisions as comparisons of float64 numbers, the same for every number there is.

A numeric node goes left where x <= a float64 threshold: where x < the next float64 above it. Numbers of at most 1e-35
count as zero, so no turn lies among them. A categorical node goes left where x, cut off after the point, is one of a
set of codes: where x lies between the first code of a run and the code behind the run.
"""

import numpy as np
from numpy.typing import NDArray

from export.lightgbm_text import Grown
from export.tree_graph import Node

ZERO = float(np.float32(1e-35))  # LightGBM's own zero
BEFORE_CODE_ZERO = -1.0  # everything above it is cut off to 0
MISSING_IS_ZERO, MISSING_IS_NAN = 1, 2

Floats = NDArray[np.float64]


def nodes_of(tree: Grown, zero: float = ZERO) -> tuple[Node, ...]:
    """The nodes of `tree`: every numeric one as it is, every categorical one as a search for the run x lies in.

    zero: the largest number that is taken for 0; in a sparse matrix only 0 itself is
    """
    turns = _turns(tree, zero)
    starts = np.cumsum([0, *map(len, turns)]).tolist()
    nodes: list[Node] = []
    for node, places in enumerate(turns):
        left, right = (starts[child] if child >= 0 else starts[-1] + ~child for child in _children(tree, node))
        if tree.is_categorical[node]:
            nodes += _chain(int(tree.feature[node]), places, len(nodes), (left, right))
        else:
            nodes.append(Node(int(tree.feature[node]), float(places[0]), left, right, _missing_left(tree, node)))
    return (*nodes, *(Node(weights=(float(leaf),)) for leaf in tree.leaf))


def _turns(tree: Grown, zero: float) -> list[Floats]:
    numeric = first_right(tree.threshold, zero)
    return [
        run_bounds(tree.sets[int(tree.threshold[node])]) if tree.is_categorical[node] else numeric[node : node + 1]
        for node in range(len(tree.feature))
    ]


def _children(tree: Grown, node: int) -> tuple[int, int]:
    return int(tree.left[node]), int(tree.right[node])


def _missing_left(tree: Grown, node: int) -> bool:
    """A NaN goes where the node sends it, or where 0 goes if the node has seen none in training."""
    if tree.missing[node] == MISSING_IS_NAN:
        return bool(tree.decision[node] & 2)
    return bool(tree.threshold[node] >= 0)


def first_right(thresholds: Floats, zero: float = ZERO) -> Floats:
    """The smallest numbers that LightGBM sends right at `thresholds`."""
    with np.errstate(over="ignore"):
        above_each = np.nextafter(thresholds, np.inf)
    return np.where(thresholds >= 0, np.maximum(above_each, np.nextafter(zero, np.inf)), np.minimum(above_each, -zero))


def run_bounds(codes: NDArray[np.int64]) -> Floats:
    """The first number of each run of consecutive `codes` (sorted), and the first one behind it, in turn."""
    gaps = np.flatnonzero(np.diff(codes) > 1)
    first, last = codes[np.r_[0, gaps + 1]], codes[np.r_[gaps, len(codes) - 1]]
    bounds = np.stack([first, last + 1], axis=1).reshape(-1)
    return np.where(bounds == 0, np.nextafter(BEFORE_CODE_ZERO, 0), bounds)


def _chain(feature: int, bounds: Floats, start: int, children: tuple[int, int]) -> list[Node]:
    """Nodes from place `start` on: what is first below bound 1, 3, ... is in a run (left), below 0, 2, ... outside.

    A NaN is below none, and outside. Only left turns share a child: ONNX Runtime demands a right child of its own.
    """
    left, right = children
    following = [*range(start + 1, start + len(bounds)), right]
    targets = [left if i % 2 else right for i in range(len(bounds))]
    turns = zip(bounds.tolist(), targets, following, strict=True)
    return [Node(feature, bound, target, after) for bound, target, after in turns]
