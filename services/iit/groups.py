"""Groups of patients to judge a model by: the words of a field, or quarters of a number."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from serinus.schema import Rows
from serinus.service import Service
from serinus.tables.table import TableError

MISSING, OTHERS = "missing", "others"


def groups(service: Service, rows: Rows, name: str) -> NDArray[np.str_]:
    """The group of each of `rows` by the feature `name`."""
    if name not in service.input.names:
        raise TableError(f"cannot judge by {name}: the features are {', '.join(service.input.names)}")
    numbers = rows[:, service.input.names.index(name)]
    words = next((field.values for field in service.input.given if field.name == name), ())
    known = np.array([*words, OTHERS])[np.nan_to_num(numbers, nan=-1).astype(np.int64)] if words else _quarters(numbers)
    return np.where(np.isnan(numbers), MISSING, known)


def _quarters(numbers: NDArray[np.float32]) -> NDArray[np.str_]:
    """Which quarter each number lies in; fewer than four where many numbers are equal."""
    finite = numbers[~np.isnan(numbers)]
    ends = np.unique(np.quantile(finite, [0, 0.25, 0.5, 0.75, 1])) if len(finite) else np.zeros(1)
    called = [f"{low:g} to {high:g}" for low, high in pairwise(ends)] or [f"{ends[0]:g}"]
    place = np.searchsorted(ends[1:-1], np.nan_to_num(numbers), side="right")
    return np.array(called)[place]
