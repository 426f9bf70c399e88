"""Which features of a LightGBM model are categories: words to its callers, or whole numbers."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from export.errors import Refused
from export.lightgbm_text import ModelText
from serinus.category import Category
from serinus.names import twice

Words = Sequence[Sequence[object]]
WHY = (
    "LightGBM keeps the words of a DataFrame's category columns, but not which columns these were: the model has "
    "{columns} such columns, and {places} categorical features{more}. {way_out}"
)
WAY_OUT = (
    "Train with a DataFrame whose category columns are the categorical features and no others, none of them ordered, "
    "or encode the words as whole numbers before training"
)


def codes_of(model: ModelText) -> dict[int, NDArray[np.float32]]:
    """By place, the whole numbers that categorical features tell apart."""
    known = {place: set(model.codes(place).tolist()) for place in range(len(model.infos))}
    for tree in model.trees:
        for node in np.flatnonzero(tree.is_categorical):
            known[int(tree.feature[node])].update(tree.sets[int(tree.threshold[node])].tolist())
    return {place: np.array(sorted(codes), np.float32) for place, codes in known.items() if codes}


def categories_of(model: ModelText, words: Words, codes: Mapping[int, NDArray[np.float32]]) -> dict[int, Category]:
    """By place, the `words` of the categorical features: those of a DataFrame's category columns, in their order.

    A word that is not among them is a missing value to LightGBM, and so is the number -1.
    """
    if not words:
        return {}
    places = sorted(model.declared | set(codes))
    if len(places) != len(words):
        raise Refused(_why(model, words, places, ""))
    for place, known in zip(places, words, strict=True):
        if place in codes and codes[place].max() >= len(known):
            beyond = f"; feature {model.names[place]} has the code {codes[place].max():.0f}, with {len(known)} words"
            raise Refused(_why(model, words, places, beyond))
    return {
        place: _category(model.names[place], known) for place, known in zip(places, words, strict=True) if len(known)
    }


def _why(model: ModelText, words: Words, places: Sequence[int], more: str) -> str:
    return WHY.format(columns=len(words), places=len(places), more=more, way_out=WAY_OUT)


def _category(name: str, known: Sequence[object]) -> Category:
    """Categories that are no words, such as 3 or True, are words by how Python writes them."""
    words = tuple(map(str, known))
    if repeated := twice(words):
        raise Refused(f"the categories of feature {name} read alike: {', '.join(repeated)} is there more than once")
    return Category(words=words, others="unknown")
