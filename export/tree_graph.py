"""Trees as one ai.onnx.ml ensemble, node by node: nothing is rounded or guessed on the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from export.extras import need
from export.original import Tree

if TYPE_CHECKING:
    from onnx import NodeProto

NO_FEATURE = -1
ML, OPERATOR = "ai.onnx.ml", "TreeEnsembleRegressor"


class Node(NamedTuple):
    """A turn, left where the feature is below `threshold`, or a leaf (feature -1) that adds `weight` to a score."""

    feature: int = NO_FEATURE
    threshold: float = 0.0
    left: int = 0
    right: int = 0
    missing_left: bool = False
    weight: float = 0.0

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
            threshold=np.array(threshold, np.float32),
            left=np.array(left, np.int32),
            right=np.array(right, np.int32),
        )


def ensemble(trees: Sequence[Scored], middle: Sequence[float], rows: str, output: str) -> list["NodeProto"]:
    """The nodes that add up the weights of the leaves which `rows` reach: float64 [N, scores].

    Summing up hundreds of trees in float32 costs a value its last digits; float64 costs a tenth of the time. The
    operator answers in float32 all the same, so it counts from the `middle` of each score, where most rows are.
    """
    helper, wide = need("onnx.helper"), need("onnx").TensorProto.DOUBLE
    attributes = {"n_targets": len(middle), "base_values_as_tensor": _doubles([-place for place in middle])}
    given, counted, widened, middles = (f"{output}_{name}" for name in ("given", "counted", "widened", "middles"))
    return [
        helper.make_node("Cast", [rows], [given], to=wide),
        helper.make_node(OPERATOR, [given], [counted], domain=ML, **attributes, **_turns(trees), **_leaves(trees)),
        helper.make_node("Cast", [counted], [widened], to=wide),
        helper.make_node("Constant", [], [middles], value=_doubles(middle)),
        helper.make_node("Add", [widened, middles], [output]),
    ]


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


def _leaves(trees: Sequence[Scored]) -> dict[str, Any]:
    places = [(number, place) for number, tree in enumerate(trees) for place in _leaf_places(tree)]
    return {
        "target_treeids": [number for number, _ in places],
        "target_nodeids": [place for _, place in places],
        "target_ids": [trees[number].score for number, _ in places],
        "target_weights_as_tensor": _doubles([trees[number].nodes[place].weight for number, place in places]),
    }


def _leaf_places(tree: Scored) -> list[int]:
    return [place for place, node in enumerate(tree.nodes) if node.is_leaf]


def _doubles(numbers: Sequence[float]) -> Any:
    return need("onnx.numpy_helper").from_array(np.array(numbers, np.float64))
