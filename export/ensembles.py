"""Trees as arrays, and the ONNX node that adds them up as scikit-learn does: in float64, tree after tree."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.drafts import DOUBLE, Draft
from export.extras import need
from export.original import Tree
from export.two_parts import grain

MODES = {True: "LEAF", False: "BRANCH_LEQ"}


@dataclass(frozen=True)
class Grown:
    """A tree, node by node: a row goes left where its `feature` is at most `threshold` (feature -1: a leaf).

    missing_left: where a missing value goes
    weights: [nodes, T], what a leaf adds; targets: T numbers of the sums that it adds to
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    weights: NDArray[np.float64]
    targets: tuple[int, ...]

    @property
    def tree(self) -> Tree:
        """The same tree as the gate wants it: left below the next float32."""
        rounded = self.threshold.astype(np.float32)
        above = np.nextafter(rounded, np.float32(np.inf))
        return Tree(
            feature=self.feature.astype(np.int32),
            threshold=np.where(rounded > self.threshold, rounded, above),
            left=self.left.astype(np.int32),
            right=self.right.astype(np.int32),
        )


def constant(weights: NDArray[np.float64]) -> Grown:
    """A tree that adds the same to every row."""
    none = np.zeros(1, np.int64)
    return Grown(none - 1, none.astype(np.float64), none, none, none > 0, weights.reshape(1, -1), _every(weights.size))


def _every(count: int) -> tuple[int, ...]:
    return tuple(range(count))


def added_up(draft: Draft, rows: str, trees: Sequence[Grown], targets: int) -> str:
    """The sums of `trees` on float64 `rows`: float64 [N, targets], rounded to float32 once, at the end.

    ONNX Runtime adds in the type of the thresholds, in the order of the trees, and then answers in float32.
    """
    return draft.add("Cast", _summed(draft, rows, trees, targets), to=DOUBLE)


def added_up_finely(draft: Draft, rows: str, trees: Sequence[Grown], targets: int) -> str:
    """The same sums without that rounding: of coarse numbers, of which float32 has any sum, and of the small rests."""
    both = added_up(draft, rows, in_two_parts(trees, targets), 2 * targets)
    halves = (draft.constant(np.arange(start, start + targets)) for start in (0, targets))
    return draft.add("Add", *(draft.add("Gather", both, half, axis=1) for half in halves))


def in_two_parts(trees: Sequence[Grown], targets: int) -> list[Grown]:
    """`trees` that add a coarse number to each target, and what is left of the weight to another one."""
    largest = sum(float(np.abs(tree.weights).max()) for tree in trees)
    return [_parted(tree, grain(largest), targets) for tree in trees]


def _parted(tree: Grown, step: float, targets: int) -> Grown:
    coarse = np.rint(tree.weights / step) * step
    weights = np.concatenate([coarse, tree.weights - coarse], axis=1)
    return replace(tree, weights=weights, targets=(*tree.targets, *(target + targets for target in tree.targets)))


def _summed(draft: Draft, rows: str, trees: Sequence[Grown], targets: int) -> str:
    tensor = need("onnx.numpy_helper").from_array
    sizes = [len(tree.feature) for tree in trees]
    is_leaf = np.concatenate([tree.feature for tree in trees]) < 0
    attributes = {
        "nodes_treeids": np.repeat(np.arange(len(trees)), sizes),
        "nodes_nodeids": np.concatenate([np.arange(size) for size in sizes]),
        "nodes_featureids": np.where(is_leaf, 0, _all(trees, "feature")),
        "nodes_modes": [MODES[leaf] for leaf in is_leaf.tolist()],
        "nodes_values_as_tensor": tensor(np.where(is_leaf, 0.0, _all(trees, "threshold")), "thresholds"),
        "nodes_truenodeids": np.where(is_leaf, 0, _all(trees, "left")),
        "nodes_falsenodeids": np.where(is_leaf, 0, _all(trees, "right")),
        "nodes_missing_value_tracks_true": np.where(is_leaf, 0, _all(trees, "missing_left")),
        "n_targets": targets,
    }
    return draft.add("TreeEnsembleRegressor", rows, domain="ai.onnx.ml", **attributes, **_leaves(trees))


def _leaves(trees: Sequence[Grown]) -> dict[str, Any]:
    leaves = [np.flatnonzero(tree.feature < 0) for tree in trees]
    widths = [tree.weights.shape[1] for tree in trees]
    counts = [len(own) * width for own, width in zip(leaves, widths, strict=True)]
    targets = [np.tile(tree.targets, len(own)) for tree, own in zip(trees, leaves, strict=True)]
    weights = np.concatenate([tree.weights[own].reshape(-1) for tree, own in zip(trees, leaves, strict=True)])
    return {
        "target_treeids": np.repeat(np.arange(len(trees)), counts),
        "target_nodeids": np.concatenate([np.repeat(*pair) for pair in zip(leaves, widths, strict=True)]),
        "target_ids": np.concatenate(targets),
        "target_weights_as_tensor": need("onnx.numpy_helper").from_array(weights.astype(np.float64), "weights"),
    }


def _all(trees: Sequence[Grown], field: str) -> NDArray[Any]:
    return np.concatenate([getattr(tree, field) for tree in trees])
