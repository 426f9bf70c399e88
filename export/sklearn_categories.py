"""What a row holds for each category that an encoder of scikit-learn knows, and what becomes of all other values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.errors import Refused
from export.sketch import Sketch
from export.sklearn_words import Heard, Missing
from export.steps import Step
from export.wires import Source, Wire, applied

NO_WORD = -1


def values_of(sketch: Sketch, encoder: Any, given: Wire) -> list[list[float]]:
    """By feature, what `given` holds for each of its categories: NaN for a missing value."""
    _check(encoder)
    return [_of_feature(sketch, encoder, given, feature) for feature in range(given.width)]


def filled(sketch: Sketch, given: Wire) -> str:
    """The tensor of `given`, with the numbers of the words that imputers put where one is missing."""
    fills: NDArray[np.floating] = np.array([_fill(sketch, source) for source in given.sources], given.dtype)
    if np.isnan(fills).all():
        return given.name
    return applied(sketch.draft, given.name, Step("Fill", fills, keeps=given.is_wide))


def rejects_others(encoder: Any) -> bool:
    return bool(encoder.handle_unknown == "error")


def _check(encoder: Any) -> None:
    if any(rare is not None for rare in getattr(encoder, "_infrequent_indices", ())):
        raise Refused(
            f"the {type(encoder).__name__} groups infrequent categories: fit it without min_frequency, max_categories"
        )


def _of_feature(sketch: Sketch, encoder: Any, given: Wire, feature: int) -> list[float]:
    source, categories = given.sources[feature], encoder.categories_[feature]
    if any(isinstance(category, str) for category in categories):
        values = _words(sketch, encoder, source, categories.tolist())
    else:
        sketch.take_number(source)
        values = _numbers(sketch, encoder, source, categories)
    is_filled = source is not None and source.fill is not None
    if given.may_miss and not is_filled and rejects_others(encoder) and not np.isnan(values).any():
        sketch.takes_missing = False
    return values


def _words(sketch: Sketch, encoder: Any, source: Source | None, categories: list[Any]) -> list[float]:
    if source is None or source.steps:
        raise Refused(f"the {type(encoder).__name__} reads words that another step made: encode them as they come in")
    words = tuple(category for category in categories if isinstance(category, str))
    numbers = sketch.hear(source.place, Heard(words, rejects_others(encoder)))
    for category in categories:
        if not isinstance(category, str):
            sketch.vocabulary.expect_missing(source.place, _missing(category, encoder))
    return [numbers.get(category, np.nan) for category in categories]


def _missing(category: object, encoder: Any) -> Missing:
    if category is None:
        return "None"
    if isinstance(category, float) and np.isnan(category):
        return "NaN"
    raise Refused(f"the {type(encoder).__name__} has words and {category!r} as categories of one feature")


def _numbers(sketch: Sketch, encoder: Any, source: Source | None, categories: Any) -> list[float]:
    if categories.dtype.kind not in "biufO":
        raise Refused(
            f"the {type(encoder).__name__} has categories of {categories.dtype}; supported are words and numbers"
        )
    if source is None and rejects_others(encoder):
        raise Refused(
            f"the {type(encoder).__name__} raises an error for numbers it does not know, and it reads what another "
            "encoder made: fit it with handle_unknown='ignore' or 'use_encoded_value'"
        )
    if categories.dtype.kind == "O" and source is not None and not source.steps:
        sketch.vocabulary.expect_objects(source.place)
        if None in categories.tolist():
            sketch.vocabulary.expect_missing(source.place, "None")
    values = [_number(category, encoder) for category in categories.tolist()]
    if source is not None:
        sketch.numbers.tell_apart(source, values, rejects_others=rejects_others(encoder))
    return values


def _number(category: object, encoder: Any) -> float:
    if category is None:
        return np.nan
    if not isinstance(category, bool | int | float):
        raise Refused(f"the {type(encoder).__name__} has the category {category!r}; supported are words and numbers")
    if not np.isnan(category) and float(np.float32(category)) != category:
        raise Refused(
            f"the {type(encoder).__name__} has the category {category!r}, which no row can hold: it is no float32"
        )
    return float(category)


def _fill(sketch: Sketch, source: Source | None) -> float:
    if source is None or source.fill is None:
        return np.nan
    return sketch.vocabulary.numbers(source.place).get(source.fill, NO_WORD)
