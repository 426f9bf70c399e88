"""Trees as one ai.onnx.ml ensemble, node by node: nothing is rounded or guessed on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from export.boundaries import rounded_up
from export.extras import need
from export.original import Tree
from export.two_parts import grain

if TYPE_CHECKING:
    from onnx import NodeProto

NO_FEATURE = -1


class Node(NamedTuple):
    """A turn, left where the feature is below `threshold`; or a leaf (feature -1) that adds `weights` to a score."""

    feature: int = NO_FEATURE
    threshold: float = 0.0
    left: int = 0
    right: int = 0
    missing_left: bool = False
    weights: tuple[float, ...] = ()

    @property
    def is_leaf(self) -> bool:
        return self.feature == NO_FEATURE


@dataclass(frozen=True)
class Scored:
    """A tree that adds to score number `score`. Its root is node 0, and several left turns may lead to one node.

    Not so right turns: ONNX Runtime stores what is behind one next to the node that turns, and refuses the rest.
    """

    nodes: tuple[Node, ...]
    score: int

    @property
    def tree(self) -> Tree:
        feature, threshold, left, right, *_ = zip(*self.nodes, strict=True)
        return Tree(
            feature=np.array(feature, np.int32),
            threshold=rounded_up(np.array(threshold, np.float64)),
            left=np.array(left, np.int32),
            right=np.array(right, np.int32),
        )


def ensemble(trees: Sequence[Scored], scores: int, rows: str, output: str) -> list["NodeProto"]:
    """The nodes that add up the weights of the leaves which `rows` reach: float64 [N, scores].

    They add up in float64, at a tenth more time: in float32 the sum of hundreds of trees loses its last digits.
    The operator still answers in float32: a sum that must be more exact comes in parts.
    """
    helper, wide = need("onnx.helper"), need("onnx").TensorProto.DOUBLE
    parts = max(len(node.weights) for tree in trees for node in tree.nodes)
    attributes = {"n_targets": parts * scores, **_turns(trees), **_leaves(trees, scores)}
    given, summed, widened, shape, split, axis = (f"{output}{number}" for number in range(6))
    return [
        helper.make_node("Cast", [rows], [given], to=wide),
        helper.make_node("TreeEnsembleRegressor", [given], [summed], domain="ai.onnx.ml", **attributes),
        helper.make_node("Cast", [summed], [widened], to=wide),
        helper.make_node("Constant", [], [shape], value_ints=[-1, parts, scores]),
        helper.make_node("Reshape", [widened, shape], [split]),
        helper.make_node("Constant", [], [axis], value_ints=[1]),
        helper.make_node("ReduceSum", [split, axis], [output], keepdims=0),
    ]


def largest_sum(trees: Sequence[Scored]) -> float:
    """What the largest score cannot be larger than."""
    sums = dict.fromkeys((tree.score for tree in trees), 0.0)
    for tree in trees:
        sums[tree.score] += max(abs(sum(node.weights)) for node in tree.nodes)
    return max(sums.values())


def in_two_parts(trees: Sequence[Scored]) -> list[Scored]:
    """`trees` with every weight as a coarse number, of which float32 has any sum, and a small rest."""
    step = grain(largest_sum(trees))

    def parted(node: Node) -> Node:
        weight = sum(node.weights)
        coarse = round(weight / step) * step
        return node._replace(weights=(coarse, weight - coarse)) if node.is_leaf else node

    return [replace(tree, nodes=tuple(map(parted, tree.nodes))) for tree in trees]


def _turns(trees: Sequence[Scored]) -> dict[str, Any]:
    nodes = [node for tree in trees for node in tree.nodes]
    return {
        "nodes_treeids": [number for number, tree in enumerate(trees) for _ in tree.nodes],
        "nodes_nodeids": [place for tree in trees for place in range(len(tree.nodes))],
        "nodes_featureids": [max(node.feature, 0) for node in nodes],
        "nodes_modes": ["LEAF" if node.is_leaf else "BRANCH_LT" for node in nodes],
        "nodes_values_as_tensor": _doubles([node.threshold for node in nodes]),
        "nodes_truenodeids": [node.left for node in nodes],
        "nodes_falsenodeids": [node.right for node in nodes],
        "nodes_missing_value_tracks_true": [int(node.missing_left) for node in nodes],
    }


def _leaves(trees: Sequence[Scored], scores: int) -> dict[str, Any]:
    added = [
        (number, place, tree.score + part * scores, weight)
        for number, tree in enumerate(trees)
        for place, node in enumerate(tree.nodes)
        for part, weight in enumerate(node.weights)
    ]
    numbers, places, targets, weights = zip(*added, strict=True)
    return {
        "target_treeids": numbers,
        "target_nodeids": places,
        "target_ids": targets,
        "target_weights_as_tensor": _doubles(weights),
    }


def _doubles(numbers: Sequence[float]) -> Any:
    return need("onnx.numpy_helper").from_array(np.array(numbers, np.float64))
