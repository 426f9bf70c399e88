"""Transformers of scikit-learn in a graph: Pipelines, selected columns, imputers, scalers."""

from dataclasses import replace
from typing import Any

import numpy as np

from export.errors import Refused
from export.precision import fitted_on
from export.sketch import Sketch
from export.sklearn_words import Missing
from export.steps import Step, check_nothing_dropped, missing_is_nan, steps_of, works_on_objects
from export.wires import Source, Wire, joined, stepped, wide


def pipeline(sketch: Sketch, pipeline: Any, given: Wire) -> Wire:
    for _, part in pipeline.steps:
        given = sketch.transformed(part, given)
    return given


def columns(sketch: Sketch, selection: Any, given: Wire) -> Wire:
    """A ColumnTransformer: each of its transformers gets its own columns, and their results stand side by side."""
    if selection.transformer_weights:
        raise Refused("a ColumnTransformer with transformer_weights is not supported")
    if given.is_sparse:
        raise Refused("a ColumnTransformer behind a sparse matrix is not supported")
    sketch.needs_frame |= hasattr(selection, "feature_names_in_")
    made = []
    for name, transformer, _ in selection.transformers_:
        places = selection._transformer_to_input_indices[name]
        if not (isinstance(transformer, str) and transformer == "drop") and len(places):
            made.append(sketch.transformed(transformer, sketch.select(given, places)))
    if not made:
        raise Refused("the ColumnTransformer drops every column")
    return replace(joined(sketch.draft, made), is_sparse=bool(selection.sparse_output_))


def identity(_: Sketch, function: Any, given: Wire) -> Wire:
    """What a ColumnTransformer puts where it is told to pass columns through."""
    if function.func is not None:
        raise Refused(f"cannot tell what the function of a FunctionTransformer does: {function.func!r}")
    return given


def arithmetic(sketch: Sketch, transformer: Any, given: Wire) -> Wire:
    """A scaler, or an imputer of numbers."""
    if given.is_sparse:
        raise Refused(f"a {type(transformer).__name__} behind a sparse matrix is not supported")
    sketch.take_numbers(given, missing=True)
    sketch.clues.remember(fitted_on(transformer), given)
    for step in steps_of(transformer, given.dtype):
        given = stepped(sketch.draft, given, step)
    return given


def imputer(sketch: Sketch, imputer: Any, given: Wire) -> Wire:
    """A SimpleImputer, which fills words as well; what it was fitted on as objects, it turns into float64."""
    if not works_on_objects(imputer):
        return arithmetic(sketch, imputer, given)
    are_words = np.array([isinstance(fill, str) for fill in imputer.statistics_])
    if not are_words.any():
        return arithmetic(sketch, imputer, wide(sketch.draft, given))
    return _filled(sketch, imputer, given, are_words)


def _filled(sketch: Sketch, imputer: Any, given: Wire, are_words: Any) -> Wire:
    if imputer.add_indicator:
        raise Refused("a SimpleImputer with add_indicator=True adds columns, which is not supported")
    missing = _missing(imputer)
    numbers = np.array(
        [np.nan if is_word else fill for fill, is_word in zip(imputer.statistics_, are_words, strict=True)]
    )
    check_nothing_dropped(imputer, np.isnan(numbers.astype(np.float64)) & ~are_words)
    given = stepped(sketch.draft, wide(sketch.draft, given), Step("Fill", numbers.astype(np.float64), keeps=True))
    sources = list(given.sources)
    for place in np.flatnonzero(are_words).tolist():
        sources[place] = _word_filled(sketch, sources[place], imputer.statistics_[place], missing)
    return replace(given, sources=tuple(sources), may_miss=False)


def _word_filled(sketch: Sketch, source: Source | None, fill: str, missing: Missing) -> Source:
    if source is None or source.steps or source.fill is not None:
        raise Refused("a SimpleImputer fills words that another step made: fill them as they come in")
    sketch.vocabulary.expect_missing(source.place, missing)
    return replace(source, fill=fill)


def _missing(imputer: Any) -> Missing:
    if imputer.missing_values is None:
        return "None"
    if missing_is_nan(imputer):
        return "NaN"
    raise Refused(f"a SimpleImputer must fill NaN or None, this one fills {imputer.missing_values!r}")
