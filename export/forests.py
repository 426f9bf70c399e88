"""Where scikit-learn's trees send a missing value, which skl2onnx forgets to say."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from export.extras import need
from export.original import Tree

ROUTING = "nodes_missing_value_tracks_true"


def route_missing(model: Any, estimators: Sequence[Any]) -> None:
    """Write into the tree ensembles of `model` where each node of `estimators` sends a NaN (sklearn-onnx issue 1253).

    As skl2onnx leaves them, every NaN goes right: up to 0.5 off in a probability.
    """
    make_attribute = need("onnx.helper").make_attribute
    for ensemble in (node for node in model.graph.node if node.op_type.startswith("TreeEnsemble")):
        values = {attribute.name: attribute for attribute in ensemble.attribute}
        ids = zip(values["nodes_treeids"].ints, values["nodes_nodeids"].ints, strict=True)
        routes = [int(estimators[tree].tree_.missing_go_to_left[node]) for tree, node in ids]
        kept = [attribute for name, attribute in values.items() if name != ROUTING]
        del ensemble.attribute[:]
        ensemble.attribute.extend([*kept, make_attribute(ROUTING, routes)])


def tree_of(estimator: Any) -> Tree:
    """A fitted scikit-learn tree; it goes left at or below a float64 threshold: below the next float32."""
    tree = estimator.tree_
    rounded = tree.threshold.astype(np.float32)
    above = np.nextafter(rounded, np.float32(np.inf))
    return Tree(
        feature=np.where(tree.children_left < 0, -1, tree.feature).astype(np.int32),
        threshold=np.where(rounded > tree.threshold, rounded, above),
        left=tree.children_left.astype(np.int32),
        right=tree.children_right.astype(np.int32),
    )
