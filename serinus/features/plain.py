"""Columns of a Parquet file as values of features: numbers, truths and texts; dates as ISO text."""

import pyarrow as pa
import pyarrow.compute as pc

from serinus.errors import StoreDown


def plain(table: pa.Table, where: str) -> pa.Table:
    names = table.schema.names
    columns = [_plain(column, f"column {name} of {where}") for name, column in zip(names, table.columns, strict=True)]
    return pa.table(columns, names=names)


def texts(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    """The names of entities: plot 1 is "1", also where missing cells made the numbers fractions."""
    kind = column.type
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), None, column)
        if not pc.all(pc.equal(column, pc.floor(column))).as_py():
            raise StoreDown(f"{where}: expected whole numbers or texts, got fractions")
        column = column.cast(pa.int64())
    elif not (pa.types.is_integer(kind) or _is_text(kind)):
        raise StoreDown(f"{where}: expected whole numbers or texts, got {kind}")
    return column.cast(pa.string())


def _plain(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type), where)
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_timestamp(kind):
        return _moments(column)
    if _is_text(kind) or pa.types.is_date(kind):
        return column.cast(pa.date32() if pa.types.is_date64(kind) else kind).cast(pa.string())
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind) or kind == pa.null()):
        raise StoreDown(f"{where}: expected numbers, texts, dates or truths, got {kind}")
    return column


def _moments(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Where all are midnight they are dates: pandas knows no others."""
    if pc.all(pc.equal(column, pc.floor_temporal(column, unit="day"))).as_py():
        return column.cast(pa.date32()).cast(pa.string())
    return pc.replace_substring(column.cast(pa.string()), " ", "T")


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
