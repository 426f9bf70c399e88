"""XGBoost's and LightGBM's estimators where scikit-learn's can stand."""

from dataclasses import replace
from typing import Any

import numpy as np

from export import from_lightgbm, from_xgboost
from export.drafts import ANSWER
from export.errors import Refused
from export.lightgbm_text import parsed
from export.lightgbm_trees import ZERO
from export.original import Original
from export.precision import TURN
from export.sketch import Answer, Sketch
from export.sklearn_answers import decided
from export.wires import Wire, derived, narrow
from serinus.schema import ClassificationSchema


def xgboost(sketch: Sketch, model: Any, given: Wire) -> Answer:
    """XGBoost reads float32, and as missing: NaN, a number of its own for that, and the zeros of a sparse matrix."""
    rows = narrow(sketch.draft, given)
    if given.is_sparse:
        rows = _without(sketch, rows, 0.0)
    if not np.isnan(model.missing):
        rows = _without(sketch, rows, float(model.missing))
    booster = model.get_booster()
    booster.set_param({"nthread": 1})
    original = from_xgboost.of_booster(booster, None)
    feature, threshold = (np.concatenate([getattr(tree, name) for tree in original.trees]) for name in TURN)
    sketch.clues.turn(rows, feature, threshold, at_numbers=True)
    return _answer(sketch, original, rows)


def lightgbm(sketch: Sketch, model: Any, given: Wire) -> Answer:
    """LightGBM compares float64 numbers; those that are nearly 0 it takes for 0, but not in a sparse matrix."""
    trees = parsed(model.booster_.model_to_string()).trees
    feature = np.concatenate([np.where(tree.is_categorical, -1, tree.feature) for tree in trees])
    halfway = np.nextafter(np.concatenate([tree.threshold for tree in trees]), -np.inf)  # the number itself goes left
    sketch.clues.turn(given, feature, halfway, at_numbers=False)
    zero = 0.0 if given.is_sparse else ZERO
    original = from_lightgbm.of_booster(model.booster_, None, fine=sketch.is_fine, zero=zero)
    return _answer(sketch, original, given, tensors=("linked", "raw"))


def _answer(sketch: Sketch, original: Original, rows: Wire, *, tensors: tuple[str, str] | None = None) -> Answer:
    """What `original` answers to `rows`; its graph may have `tensors` for the answer and the margins, in float64."""
    if original.categories:
        raise Refused("a model inside another one cannot have categories of words: encode them in front of it")
    sketch.take_numbers(rows, missing=original.nan_policy == "allow")
    sketch.add_trees(original.trees, rows)
    _tell_apart(sketch, original, rows)
    sketch.dependencies |= {original.framework: original.framework_version, **original.dependencies}
    called = sketch.draft.graft(original.graph, rows.name)
    count = original.output.classes if isinstance(original.output, ClassificationSchema) else 1
    if tensors is None:
        answer, margins = derived(called(ANSWER), count, is_wide=False), None
    else:
        answer, margins = derived(called(tensors[0]), count), derived(called(tensors[1]), 1 if count == 2 else count)
    return answer if count == 1 else decided(sketch, answer, margins=margins)


def _tell_apart(sketch: Sketch, original: Original, rows: Wire) -> None:
    for column, values in original.codes.items():
        source = rows.sources[column]
        if source is not None:
            sketch.numbers.tell_apart(source, values.tolist(), rejects_others=False)


def _without(sketch: Sketch, rows: Wire, number: float) -> Wire:
    """`rows` with NaN in the place of `number`."""
    draft = sketch.draft
    is_number = draft.add("Equal", rows.name, draft.constant(np.array([[number]], np.float32)))
    nothing = draft.constant(np.array([[np.nan]], np.float32))
    return replace(rows, name=draft.add("Where", is_number, nothing, rows.name), may_miss=True)
