"""Values of JSON as columns of fields: typed as in requests, so that a text in a field of numbers is bad input."""

from collections.abc import Iterable, Sequence

import numpy as np

from serinus.field_columns import Column, Distinct
from serinus.fields import NUMBERS, GivenField
from serinus.record import Form

COUNTED = frozenset((float, int, type(None)))
WRITTEN = frozenset((str, type(None)))


def columns_of(records: Iterable[Iterable[object]], form: Form) -> dict[str, Column]:
    """records: of each the values of the fields that are needed, in their order."""
    columns = list(zip(*records, strict=True)) or [()] * len(form.needed)
    return {field.name: _column(values, field) for field, values in zip(form.needed, columns, strict=True)}


def _column(values: Sequence[object], field: GivenField) -> Column:
    kinds = set(map(type, values))
    try:
        if field.type in NUMBERS and kinds <= COUNTED:
            return np.array(values, np.float64)
        return _texts(values) if kinds <= WRITTEN else Distinct.of(values)
    except (TypeError, OverflowError):  # a list or an object cannot be told from others by its hash; a huge integer
        return Distinct(values, np.arange(len(values)))


def _texts(values: Sequence[object]) -> Distinct:
    known = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return Distinct([*known], np.array([*map(known.__getitem__, values)], np.int64))
