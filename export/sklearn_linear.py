"""Linear models of scikit-learn, in the precision of their coefficients; the stock converter's is float32."""

from typing import Any

import numpy as np

from export.errors import Refused
from export.sketch import Decision, Sketch
from export.sklearn_answers import chosen_by_margin
from export.wires import Wire, derived, wide


def logistic(sketch: Sketch, model: Any, given: Wire) -> Decision:
    return chosen_by_margin(sketch, _weighted(sketch, model, given))


def linear(sketch: Sketch, model: Any, given: Wire) -> Wire:
    values = _weighted(sketch, model, given)
    if values.width > 1:
        raise Refused(f"the {type(model).__name__} has {values.width} outputs; a bundle has one")
    return values


def _weighted(sketch: Sketch, model: Any, given: Wire) -> Wire:
    """float64 sums: of a model fitted on float32 rows too, whose own float32 sums are no nearer to the truth."""
    sketch.take_numbers(given, missing=False)
    sketch.clues.remember(np.float32 if model.coef_.dtype == np.float32 else None, given)
    sketch.adds_up |= any(source is not None for source in given.sources)
    weights = np.atleast_2d(model.coef_).T.astype(np.float64)
    offsets = np.broadcast_to(model.intercept_, weights.shape[1]).astype(np.float64)
    draft = sketch.draft
    products = draft.add("MatMul", wide(draft, given).name, draft.constant(weights))
    return derived(draft.add("Add", products, draft.constant(offsets[None, :])), weights.shape[1])
