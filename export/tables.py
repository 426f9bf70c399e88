"""Columns out of a CSV or Parquet file: numbers as float64, words as text, nothing guessed where words are wanted."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.errors import ExportError
from export.extras import need
from serinus.names import shortened, twice

SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True)
class Table:
    """An open file of columns; a CSV file is read when it is known which of its columns are words."""

    source: Path
    names: tuple[str, ...]

    @classmethod
    def at(cls, source: Path) -> "Table":
        table = cls(source, tuple(_names(source)))
        if twice(table.names):
            raise ExportError(f"{source}: the columns {shortened(twice(table.names))} are there more than once")
        return table

    def columns(self, words: Collection[str]) -> dict[str, Any]:
        """Every column by name, as Arrow keeps it; those in `words` as text, whatever a CSV file makes them look like.

        Two columns may be read as one kind of number, but "1" and "01" are two words.
        """
        if self.source.suffix == ".parquet":
            table = _arrow("parquet").read_table(self.source)
        else:
            csv = _arrow("csv")
            text = csv.ConvertOptions(column_types=dict.fromkeys(words, _arrow().string()))
            table = csv.read_csv(self.source, convert_options=text)
        return dict(zip(self.names, table.columns, strict=True))


def numbers(column: Any) -> NDArray[np.float64] | None:
    """The values of `column`, NaN for a missing one; None when they are no numbers."""
    types = _arrow().types
    if not (types.is_floating(column.type) or types.is_integer(column.type) or types.is_null(column.type)):
        return None
    return np.asarray(column.to_numpy(), np.float64)


def words(column: Any) -> list[str | None] | None:
    """The values of `column`, None for a missing one, as an empty cell is; None when they are no words.

    Whole numbers are words too, where words are wanted: "3" is what a caller says.
    """
    types = _arrow().types
    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    if not (types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind) or types.is_null(kind)):
        return None
    return [None if word in (None, "") else str(word) for word in column.to_pylist()]


def _names(source: Path) -> list[str]:
    try:
        if source.suffix == ".parquet":
            return list(_arrow("parquet").read_schema(source).names)
        with _arrow("csv").open_csv(source) as opened:
            return list(opened.schema.names)
    except (OSError, _arrow().ArrowInvalid) as error:
        raise ExportError(f"cannot read the sample {source}: {error}") from error


def _arrow(*module: str) -> Any:
    return need(".".join(("pyarrow", *module)), extra="bulk")
