"""Which kind of field takes what a column holds: the kinds themselves are asked, by the code that reads requests."""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa

from serinus.bulk.typed_columns import fields_of
from serinus.category import REFUSED
from serinus.fields import GivenField, Kind
from serinus.tables.table import Table

WHOLE = re.compile(r"[-+]?\d{1,15}")
NUMBER = GivenField(name="number", type="float")
DATE = GivenField(name="date", type="date")
MIDNIGHT = " 00:00:00"


@dataclass(frozen=True)
class Held:
    """What a column holds. counts: how often each different value that is there; missing: how many are not there.

    type: of a typed file's column; None of texts
    """

    name: str
    counts: Mapping[object, int]
    missing: int
    type: pa.DataType | None

    @property
    def rows(self) -> int:
        return self.missing + sum(self.counts.values())

    @property
    def is_strange(self) -> bool:
        """Whether no field can hold such values."""
        return self.type is not None and not fields_of(self.type)

    @property
    def texts(self) -> dict[str, int]:
        """The same as texts; a midnight stands for its day where the type has no days."""
        end = MIDNIGHT if self.type is not None and pa.types.is_timestamp(self.type) else ""
        return {str(value).removesuffix(end): count for value, count in self.counts.items()}

    def without(self, texts: Collection[str]) -> "Held":
        """The same where `texts` mean that there is no value."""
        there = {value: count for value, count in self.counts.items() if value not in texts}
        return Held(self.name, there, self.rows - sum(there.values()), self.type)


def held(table: Table, name: str) -> Held:
    """What a column holds, where empty cells, nulls and NaN are missing; nothing where no field can hold it."""
    column = table.column(name)
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    counted = plain.value_counts().to_pylist() if fields_of(plain.type) else []
    there = {one["values"]: one["counts"] for one in counted if not _is_missing(one["values"])}
    found = Held(name, there, len(table) - sum(there.values()), None if table.as_text else plain.type)
    return found.without([""]) if table.as_text else found  # in a typed file an empty text is one


def kind_of(column: Held) -> Kind:
    """The kind of field that takes every value of a column of which something is known."""
    if column.type is not None and not _is_text(column.type):
        return _typed(column.type)
    if column.type is None and all(map(is_number, column.texts)):
        return "integer" if all(map(WHOLE.fullmatch, column.texts)) else "float"
    if all(map(is_date, column.texts)):
        return "date"
    is_truth = column.type is None and {text.lower() for text in column.texts} == {"true", "false"}
    return "boolean" if is_truth else "string"


def is_number(text: str) -> bool:
    return NUMBER.number_of(NUMBER.parsed(text)) != REFUSED


def is_date(text: str) -> bool:
    return DATE.number_of(text) != REFUSED


def _typed(kind: pa.DataType) -> Kind:
    if pa.types.is_integer(kind):
        return "integer"
    fits = fields_of(kind)
    return "float" if "float" in fits else fits[0]


def _is_text(kind: pa.DataType) -> bool:
    return fields_of(kind) == ("string", "date")


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
