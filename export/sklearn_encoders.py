"""OneHotEncoder and OrdinalEncoder, of words and of numbers.

Both ask which category a value is. A table of equalities answers that: a column for every category of every feature.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.drafts import FLOAT, INT64
from export.errors import Refused
from export.sketch import Sketch
from export.sklearn_categories import filled, rejects_others, values_of
from export.wires import Wire, derived, narrow, wide

LEAST_BYTES = 4  # of whole numbers: beside shorter ones scikit-learn keeps the rest in float32


@dataclass(frozen=True)
class Matches:
    """name: float32 [N, all categories], 1 where a row has that category; owners: the feature of each."""

    name: str
    owners: NDArray[np.int64]

    def of(self, feature: int) -> NDArray[np.int64]:
        return np.flatnonzero(self.owners == feature)


def one_hot(sketch: Sketch, encoder: Any, given: Wire) -> Wire:
    matches = _matched(sketch, encoder, given)
    left_out = enumerate([] if encoder.drop_idx_ is None else encoder.drop_idx_)
    dropped = [matches.of(feature)[category] for feature, category in left_out if category is not None]
    kept = np.setdiff1d(np.arange(len(matches.owners)), dropped)
    flags = sketch.draft.add("Gather", matches.name, sketch.draft.constant(kept.astype(np.int64)), axis=1)
    made = _typed(sketch, derived(flags, len(kept), is_wide=False), encoder)
    return replace(made, is_sparse=bool(encoder.sparse_output))


def ordinal(sketch: Sketch, encoder: Any, given: Wire) -> Wire:
    """Every feature has a table of ordinals, behind what stands for an unknown category; rows are places in it."""
    matches, draft = _matched(sketch, encoder, given), sketch.draft
    places = np.zeros((len(matches.owners), given.width), np.float32)
    for feature in range(given.width):
        places[matches.of(feature), feature] = np.arange(1, len(matches.of(feature)) + 1)
    tables = [_table(encoder, feature) for feature in range(given.width)]
    starts = np.cumsum([0, *map(len, tables)])[None, :-1].astype(np.int64)
    found = draft.add("Cast", draft.add("MatMul", matches.name, draft.constant(places)), to=INT64)
    table = np.concatenate(tables)
    name = draft.add("Gather", draft.constant(table), draft.add("Add", found, draft.constant(starts)))
    is_exact = bool(np.array_equal(table.astype(np.float32), table, equal_nan=True))
    made = _typed(sketch, derived(name, given.width, is_exact=is_exact), encoder)
    return replace(made, may_miss=bool(np.isnan(table).any()))


def _table(encoder: Any, feature: int) -> NDArray[np.float64]:
    unknown = encoder.unknown_value if encoder.handle_unknown == "use_encoded_value" else 0
    table = np.array([unknown, *range(len(encoder.categories_[feature]))], np.float64)
    missing = encoder._missing_indices.get(feature)
    if missing is not None:
        table[missing + 1] = encoder.encoded_missing_value
    return table


def _typed(sketch: Sketch, made: Wire, encoder: Any) -> Wire:
    dtype = np.dtype(encoder.dtype)
    if dtype == np.float32:
        return narrow(sketch.draft, made)
    if dtype == np.float64 or (dtype.kind in "iu" and dtype.itemsize >= LEAST_BYTES):
        return wide(sketch.draft, made)
    raise Refused(f"the {type(encoder).__name__} answers {dtype}; supported are float64, float32, int64 and int32")


def _matched(sketch: Sketch, encoder: Any, given: Wire) -> Matches:
    values, draft = values_of(sketch, encoder, given), sketch.draft
    owners = np.repeat(np.arange(given.width), [len(own) for own in values])
    wanted = np.concatenate(values).astype(given.dtype)[None, :]
    spread = draft.add("Gather", filled(sketch, given), draft.constant(owners.astype(np.int64)), axis=1)
    flags = draft.add("Equal", spread, draft.constant(wanted))
    if np.isnan(wanted).any():
        both_miss = draft.add("And", draft.add("IsNaN", spread), draft.constant(np.isnan(wanted)))
        flags = draft.add("Or", flags, both_miss)
    matches = Matches(draft.add("Cast", flags, to=FLOAT), owners)
    if rejects_others(encoder):
        _demand(sketch, matches, given.width)
    return matches


def _demand(sketch: Sketch, matches: Matches, width: int) -> None:
    """scikit-learn raises an error for a row with an unknown category; the graph answers it with NaN."""
    draft = sketch.draft
    sums = draft.constant((matches.owners[:, None] == np.arange(width)).astype(np.float32))
    sketch.demands.append(draft.add("ReduceMin", draft.add("MatMul", matches.name, sums), axes=[1], keepdims=1))
