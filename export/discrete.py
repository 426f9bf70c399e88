"""Features that are not just any number: words, and the whole numbers of categories."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from export.boundaries import below
from export.original import Original
from serinus.category import UNKNOWN, Category
from serinus.schema import LARGEST, Rows

Floats = NDArray[np.float32]
LEAST, MOST = 1_024, 5_000
NO_CODES = np.array([-1, -0.5, -1e9, 2.0**31, 3e9, 1e20, -LARGEST, LARGEST], np.float32)


def ordinary(original: Original) -> dict[int, Floats]:
    """By place, what `original` was trained on in its discrete features."""
    words = {place: _numbers(category) for place, category in original.categories.items()}
    return {**words, **original.codes}


def worded(original: Original, rows: Rows) -> Rows:
    """`rows` with numbers of words where words belong: cut off after the point, and within what there is."""
    whole = rows.copy()
    for place, category in original.categories.items():
        numbers = np.trunc(rows[:, place]) + np.float32(0.0)  # which makes -0.0 a 0.0
        whole[:, place] = np.clip(numbers, _least(category), len(category.words) - 1)
    return whole


def categories(original: Original, base: Rows, generator: Generator) -> Rows:
    """Rows of `base` with everything that may stand in a discrete feature, known, unknown or no category at all."""
    pools = {place: _pool(original, place, known) for place, known in ordinary(original).items()}
    count = int(np.clip(max(map(len, pools.values())), LEAST, MOST))
    rows = base[np.arange(count) % len(base)]
    for place, pool in pools.items():
        rows[:, place] = np.concatenate([generator.permutation(pool), generator.choice(pool, count)])[:count]
    return rows


def _pool(original: Original, place: int, known: Floats) -> Floats:
    absent = [np.nan] if original.nan_policy == "allow" else []
    if place in original.categories:
        return np.array([*known, _least(original.categories[place]), *absent], np.float32)
    beyond = [known.max() + 1, known.max() + 1000]
    return np.concatenate([known, known + np.float32(0.5), below(known), NO_CODES, beyond, absent]).astype(np.float32)


def _numbers(category: Category) -> Floats:
    return np.arange(len(category.words), dtype=np.float32)


def _least(category: Category) -> int:
    return int(UNKNOWN) if category.others == "unknown" else 0
