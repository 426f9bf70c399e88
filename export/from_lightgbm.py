"""LightGBM boosters, as text files (.txt, .bst, .model, gzipped too) or as objects, as originals."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from export import lightgbm_files
from export.errors import Refused
from export.extras import need, versions
from export.lightgbm_categories import categories_of, codes_of
from export.lightgbm_text import ModelText, parsed
from export.lightgbm_trees import MISSING_IS_ZERO, ZERO, nodes_of
from export.original import Original, classes, two_columns, value
from export.tree_graph import Scored, in_two_parts
from serinus.golden import Natives
from serinus.schema import OutputSchema, Rows

if TYPE_CHECKING:
    from onnx import ModelProto

BINARY = "binary"
MULTI = "multiclass"
VALUES = (
    *("regression", "regression_l1", "huber", "fair", "quantile", "mape"),
    *("poisson", "gamma", "tweedie", "cross_entropy"),
)
SUPPORTED = (BINARY, MULTI, *VALUES)
QUIET = {"verbosity": -1, "num_threads": 1}


def load(source: Path, labels: Sequence[str] | None) -> Original:
    lightgbm = need("lightgbm")
    text = lightgbm_files.read(source)
    try:
        with redirect_stdout(sys.stderr):  # it prints which parameters of older versions it does not know
            booster = lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise Refused(f"{source} is not a LightGBM model: {error}") from error
    return of_booster(booster, labels)


def of_booster(booster: Any, labels: Sequence[str] | None, *, fine: bool = False, zero: float = ZERO) -> Original:
    """A trained lightgbm.Booster; what it holds behind its best iteration is left out, as it leaves it out itself.

    fine: add up in more digits than float32 has, for a model that reads the sums
    zero: the largest number that it takes for 0
    """
    model = parsed(booster.model_to_string())
    _guard(model)
    trees = [Scored(nodes_of(tree, zero), number % model.scores) for number, tree in enumerate(model.trees)]
    codes = codes_of(model)
    categories = categories_of(model, booster.pandas_categorical or (), codes)
    return Original(
        framework="lightgbm",
        framework_version=str(need("lightgbm").__version__),
        predict=lambda rows: _predict(booster, rows, binary=model.objective == BINARY),
        graph=lambda: _graph(model, in_two_parts(trees) if fine else trees),
        output=_output(model, labels),
        features=len(model.names),
        nan_policy="allow",
        dependencies=versions("onnx"),
        names=_names(model),
        trees=tuple(tree.tree for tree in trees),
        categories=categories,
        codes={place: known for place, known in codes.items() if place not in categories},
    )


def _guard(model: ModelText) -> None:
    objective = f"objective {model.objective!r}" if model.objective else "no objective, or one of its user's own"
    problems = {
        f"{objective} (supported: {', '.join(SUPPORTED)})": model.objective not in SUPPORTED,
        "probabilities that do not add up to 1 (train with multiclass)": model.objective == "multiclassova",
        "zeros that are missing values (train with zero_as_missing=false, and NaN where a value is missing)": any(
            (tree.missing[~tree.is_categorical] == MISSING_IS_ZERO).any() for tree in model.trees
        ),
        "leaves that are no numbers (it diverged: train with a lower learning_rate)": not all(
            np.isfinite(tree.leaf).all() for tree in model.trees
        ),
        "linear trees (train with linear_tree=false)": any(tree.is_linear for tree in model.trees),
        "no split in any tree: it answers every row alike": not any(len(tree.feature) for tree in model.trees),
    }
    found = [problem for problem, is_there in problems.items() if is_there]
    if found:
        raise Refused(f"cannot export a LightGBM model with {'; '.join(found)}")


def _names(model: ModelText) -> tuple[str, ...] | None:
    """LightGBM calls unnamed features Column_0, Column_1, ..."""
    made_up = tuple(f"Column_{place}" for place in range(len(model.names)))
    return None if model.names == made_up else model.names


def _output(model: ModelText, labels: Sequence[str] | None) -> OutputSchema:
    if model.objective in VALUES:
        return value(labels)
    return classes(max(model.scores, 2), labels)


def _predict(booster: Any, rows: Rows, *, binary: bool) -> Natives:
    answers = np.asarray(booster.predict(rows, **QUIET))
    return two_columns(answers) if binary else answers.reshape(len(rows), -1)


def _graph(model: ModelText, trees: Sequence[Scored]) -> "ModelProto":
    from export.lightgbm_graph import graph_of  # here, so that a missing onnx is reported as such

    return graph_of(model, trees)
