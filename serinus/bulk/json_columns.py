"""Values of JSON as columns of fields: typed as in requests, so that a text in a field of numbers is bad input."""

from collections.abc import Iterable, Sequence

import numpy as np

from serinus.field_columns import Column, Distinct
from serinus.fields import NUMBERS, GivenField
from serinus.record import Form

PLAIN = frozenset((float, int, type(None)))


def columns_of(records: Iterable[Iterable[object]], form: Form) -> dict[str, Column]:
    """records: of each the values of the fields that are needed, in their order."""
    columns = list(zip(*records, strict=True)) or [()] * len(form.needed)
    return {field.name: _column(values, field) for field, values in zip(form.needed, columns, strict=True)}


def _column(values: Sequence[object], field: GivenField) -> Column:
    if field.type in NUMBERS and PLAIN.issuperset(map(type, values)) and not any(map(_is_huge, values)):
        return np.array(values, np.float64)
    try:
        return Distinct.of(values)
    except TypeError:  # a list or an object, which cannot be told from others by its hash
        return Distinct(values, np.arange(len(values)))


def _is_huge(value: object) -> bool:
    return type(value) is int and abs(value) > 2**53
