"""Visits as the service's float32 rows, by the very code that serves them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from serinus.errors import SerinusError
from serinus.field_columns import Column, Distinct
from serinus.fields import NUMBERS, GivenField
from serinus.record import Form
from serinus.schema import Rows, refused
from serinus.service import Service
from services.iit.booster import Features


class TableError(SerinusError):
    """A table is unreadable, or its columns are not what the service's fields say."""


@dataclass(frozen=True)
class Read:
    """rows: of the visits that are good; good: which those are; bad: how many visits each field refused."""

    rows: Rows
    good: NDArray[np.bool_]
    bad: dict[str, int]


def rows_of(service: Service, visits: pa.Table, *, as_text: bool = False) -> Read:
    """The rows of `visits`, whose columns are called as the fields are. as_text: they are the cells of a text file."""
    form = Form.of(service.input, "allow")
    if absent := [field.name for field in form.needed if field.name not in visits.column_names]:
        raise TableError(f"the table has no column {', '.join(absent)}, which the service's fields need")
    columns = {field.name: _column(field, visits[field.name], as_text) for field in form.needed}
    rows = form.rows(columns)
    good = ~refused(rows, "allow")
    bad: dict[str, int] = {}
    for row in np.flatnonzero(~good):
        for problem in form.problems(columns, int(row)):
            bad[problem.field] = bad.get(problem.field, 0) + 1
    return Read(rows[good], good, bad)


def features_of(service: Service) -> Features:
    words = {field.name: field.values for field in service.input.given if field.is_feature and field.values}
    return Features(service.input.names, words)


def _column(field: GivenField, column: Any, as_text: bool) -> Column:
    if field.type in NUMBERS and pa.types.is_floating(column.type):
        return np.asarray(column.to_numpy(), np.float64)
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return Distinct(encoded.dictionary.to_pylist(), encoded.indices.to_numpy(), as_text)
