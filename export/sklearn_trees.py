"""Decision trees, forests and both kinds of gradient boosting of scikit-learn, node by node.

A forest rounds its rows to float32, histogram gradient boosting does not; thresholds are float64 in both.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.ensembles import Grown, added_up, added_up_finely, constant
from export.errors import Refused
from export.extras import need
from export.precision import TURN
from export.sketch import Answer, Sketch
from export.sklearn_answers import chosen_by_margin, decided, exponential
from export.wires import Wire, derived, narrow, wide


def forest(sketch: Sketch, forest: Any, given: Wire) -> Answer:
    """A tree, or the mean of several: every tree adds its share."""
    _check_outputs(forest)
    members = [forest] if hasattr(forest, "tree_") else forest.estimators_
    trees = [grown(member.tree_, member.tree_.value[:, 0, :] / len(members)) for member in members]
    sums = _sums(sketch, forest, narrow(sketch.draft, given), trees)
    return decided(sketch, sums) if hasattr(forest, "classes_") else sums


def boosted(sketch: Sketch, boosted: Any, given: Wire) -> Answer:
    """GradientBoosting: the constant it starts from, and a tree for every score in every round."""
    if boosted.init is not None and boosted.init_ != "zero":
        raise Refused(f"the {type(boosted).__name__} starts from init={boosted.init!r}; supported are None and 'zero'")
    row = np.zeros((1, boosted.n_features_in_), np.float32)
    trees = [constant(boosted._raw_predict_init(row))]
    for members in boosted.estimators_:
        for score, member in enumerate(members):
            weights = boosted.learning_rate * member.tree_.value[:, 0, :]
            trees.append(grown(member.tree_, weights, score))
    margins = _sums(sketch, boosted, narrow(sketch.draft, given), trees)
    if not hasattr(boosted, "classes_"):
        return margins
    factor = 2.0 if boosted.loss == "exponential" else 1.0
    return chosen_by_margin(sketch, margins, factor=factor, zero_is_second=True)


def histogram_boosted(sketch: Sketch, boosted: Any, given: Wire) -> Answer:
    """HistGradientBoosting, which compares float64 numbers."""
    if boosted.is_categorical_ is not None:
        raise Refused(
            f"the {type(boosted).__name__} has categorical features: encode them as numbers in front of it, "
            "with categorical_features=None"
        )
    trees = [constant(boosted._baseline_prediction), *_histogram_trees(boosted._predictors)]
    feature, threshold = (np.concatenate([getattr(tree, name) for tree in trees]) for name in TURN)
    sketch.clues.turn(given, feature, threshold, at_numbers=False)
    margins = _sums(sketch, boosted, given, trees)
    if hasattr(boosted, "classes_"):
        return chosen_by_margin(sketch, margins)
    return exponential(sketch, margins) if boosted.loss in ("poisson", "gamma") else margins


def _histogram_trees(rounds: Sequence[Sequence[Any]]) -> Iterator[Grown]:
    for predictors in rounds:
        for score, predictor in enumerate(predictors):
            nodes = predictor.nodes
            yield Grown(
                feature=np.where(nodes["is_leaf"], -1, nodes["feature_idx"].astype(np.int64)),
                threshold=nodes["num_threshold"].astype(np.float64),
                left=nodes["left"].astype(np.int64),
                right=nodes["right"].astype(np.int64),
                missing_left=nodes["missing_go_to_left"].astype(bool),
                weights=nodes["value"].astype(np.float64)[:, None],
                targets=(score,),
            )


def grown(tree: Any, weights: NDArray[np.float64], first: int = 0) -> Grown:
    """A `tree_` of scikit-learn whose leaves add `weights` [nodes, T] to the targets from `first` on."""
    return Grown(
        feature=np.where(tree.children_left < 0, -1, tree.feature),
        threshold=tree.threshold,
        left=tree.children_left,
        right=tree.children_right,
        missing_left=tree.missing_go_to_left.astype(bool),
        weights=weights,
        targets=tuple(range(first, first + weights.shape[1])),
    )


def _sums(sketch: Sketch, estimator: Any, rows: Wire, trees: Sequence[Grown]) -> Wire:
    takes_nan = need("sklearn.utils").get_tags(estimator).input_tags.allow_nan and not rows.is_sparse
    sketch.take_numbers(rows, missing=takes_nan)
    sketch.add_trees((tree.tree for tree in trees if (tree.feature >= 0).any()), rows)
    targets = 1 + max(max(tree.targets) for tree in trees)
    add = added_up_finely if sketch.is_fine else added_up
    return derived(add(sketch.draft, wide(sketch.draft, rows).name, trees, targets), targets)


def _check_outputs(forest: Any) -> None:
    if getattr(forest, "n_outputs_", 1) > 1:
        raise Refused(f"the {type(forest).__name__} has {forest.n_outputs_} outputs; a bundle has one")
