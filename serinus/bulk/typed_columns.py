"""Columns of Parquet as columns of fields: which kind can hold which field, and what its values are."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from serinus.bulk.text_columns import distinct
from serinus.bulk.words import are_words
from serinus.field_columns import Column, Distinct
from serinus.fields import NUMBERS, GivenField, Kind

MIDNIGHT = r" 00:00:00(\.0+)?$"


def fields_of(kind: pa.DataType) -> tuple[Kind, ...]:
    """The fields that a column of this kind can hold; a timestamp with a time zone is another date elsewhere."""
    types = pa.types
    if types.is_dictionary(kind):
        return fields_of(kind.value_type)
    if types.is_null(kind):
        return ("float", "integer", "boolean", "string", "date")
    if is_number(kind) or types.is_decimal(kind):
        return NUMBERS
    if types.is_boolean(kind):
        return ("boolean",)
    if types.is_date(kind) or (types.is_timestamp(kind) and kind.tz is None):
        return ("date",)
    return ("string", "date") if are_words(kind) else ()


def is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def of_column(column: pa.ChunkedArray, field: GivenField) -> Column:
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    kind = plain.type
    if field.type in NUMBERS:
        exact = plain.cast(pa.string()) if pa.types.is_decimal(kind) else plain  # Arrow rounds decimals twice
        return np.array(exact.cast(pa.float64(), safe=False).to_numpy(), np.float64)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return _dates(plain)
    return distinct(plain)


def _dates(column: pa.ChunkedArray) -> Distinct:
    """Midnights are dates; any other time is left as a text, which is none."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    written = pc.replace_substring_regex(encoded.dictionary.cast(pa.string()), MIDNIGHT, "")
    return Distinct(written.to_pylist(), encoded.indices.to_numpy())
