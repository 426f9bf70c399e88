"""What the tree ensembles of an ONNX graph compare, and whether the graph knows what to do with a missing value."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from export.boundaries import above
from export.extras import need
from export.onnx_files import ML, nodes_of
from export.original import Tree

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

ENSEMBLES = ("TreeEnsembleClassifier", "TreeEnsembleRegressor")
ROUTING = "nodes_missing_value_tracks_true"
LEFT_WHEN_TRUE = (b"BRANCH_LEQ", b"BRANCH_LT", b"BRANCH_NEQ")
TURNS_BEHIND = (b"BRANCH_LEQ", b"BRANCH_GT")  # the threshold itself is not yet on the right
ONE_VALUE = (b"BRANCH_EQ", b"BRANCH_NEQ")
Places = Mapping[str, NDArray[np.int32]]


def ensembles(graph: "GraphProto") -> list["NodeProto"]:
    return [node for node in graph.node if node.domain == ML and node.op_type in ENSEMBLES]


def attributes(node: "NodeProto") -> dict[str, Any]:
    value_of = need("onnx.helper").get_attribute_value
    return {attribute.name: value_of(attribute) for attribute in node.attribute}


def features_read(graph: "GraphProto", start: str) -> int | None:
    """How many features trees read of the tensor `start`, if they read it."""
    reading = [attributes(node) for node in ensembles(graph) if node.input[0] == start]
    return max((max(found["nodes_featureids"]) + 1 for found in reading), default=None)


def knows_missing(graph: "GraphProto") -> bool:
    """Whether someone decided where a NaN goes; converters that forgot to leave only zeros."""
    decided = any(any(attributes(node).get(ROUTING, ())) for node in ensembles(graph))
    return decided or any(node.op_type in ("IsNaN", "Imputer") for node in nodes_of(graph))


def trees_of(graph: "GraphProto", places: Places) -> tuple[Tree, ...]:
    """The trees of `graph`; `places` says which feature each column of an ensemble's input is, -1 for none of them."""
    return tuple(
        tree for node in ensembles(graph) for tree in _trees(attributes(node), places.get(node.input[0], _nowhere()))
    )


def codes_of(graph: "GraphProto", places: Places) -> dict[int, NDArray[np.float32]]:
    """By place, the values of the features that trees compare for being equal, as they do with categories."""
    found: dict[int, set[float]] = {}
    for node in ensembles(graph):
        known, where = attributes(node), places.get(node.input[0], _nowhere())
        for mode, feature, value in zip(known["nodes_modes"], known["nodes_featureids"], _values(known), strict=True):
            if mode in ONE_VALUE and _at(where, feature) >= 0:
                found.setdefault(_at(where, feature), set()).add(float(value))
    return {place: np.array(sorted(values), np.float32) for place, values in sorted(found.items())}


def _trees(known: Mapping[str, Any], where: NDArray[np.int32]) -> list[Tree]:
    ids = np.array(known["nodes_treeids"])
    return [_tree(known, np.flatnonzero(ids == tree), where) for tree in np.unique(ids)]


def _tree(known: Mapping[str, Any], nodes: NDArray[np.intp], where: NDArray[np.int32]) -> Tree:
    modes = [known["nodes_modes"][node] for node in nodes]
    inner = np.array([mode != b"LEAF" for mode in modes])
    true, false = (_children(known, nodes, side) for side in ("nodes_truenodeids", "nodes_falsenodeids"))
    is_left = np.array([mode in LEFT_WHEN_TRUE for mode in modes])
    features = [_at(where, known["nodes_featureids"][node]) for node in nodes]
    return Tree(
        feature=np.where(inner, features, -1).astype(np.int32),
        threshold=_first_right(_values(known)[nodes], np.array([mode in TURNS_BEHIND for mode in modes])),
        left=np.where(inner, np.where(is_left, true, false), 0).astype(np.int32),
        right=np.where(inner, np.where(is_left, false, true), 0).astype(np.int32),
    )


def _children(known: Mapping[str, Any], nodes: NDArray[np.intp], side: str) -> NDArray[np.int64]:
    """Where in the tree the children of `nodes` are: files name them by number, in any order."""
    order = {known["nodes_nodeids"][node]: place for place, node in enumerate(nodes)}
    return np.array([order.get(known[side][node], 0) for node in nodes])


def _first_right(values: NDArray[np.floating], is_behind: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The smallest float32 numbers that are at `values`, or behind them."""
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    reached = np.where(is_behind, rounded > values, rounded >= values)
    return np.where(reached, rounded, above(rounded))


def _values(known: Mapping[str, Any]) -> NDArray[np.floating]:
    if "nodes_values_as_tensor" in known:
        return np.asarray(need("onnx.numpy_helper").to_array(known["nodes_values_as_tensor"]))
    return np.array(known["nodes_values"], np.float32)


def _at(where: NDArray[np.int32], feature: int) -> int:
    return int(where[feature]) if feature < len(where) else -1


def _nowhere() -> NDArray[np.int32]:
    return np.zeros(0, np.int32)
