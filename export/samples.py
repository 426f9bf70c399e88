"""Rows of the data a model was trained for, read from a file: what the parity gate draws its rows from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.errors import ExportError
from export.extras import need
from serinus.schema import Rows

SUFFIXES = (".npz", ".npy", ".csv", ".parquet")


@dataclass(frozen=True)
class Sample:
    rows: Rows
    names: tuple[str, ...] | None = None


def sample_of(source: Path | NDArray[Any] | Sample) -> Sample:
    """The rows in an array, or in a .npz (array X), .npy, .csv or .parquet file of feature columns."""
    if isinstance(source, Sample):
        return source
    if isinstance(source, np.ndarray):
        return Sample(_rows(source, "the sample"))
    if not source.is_file():
        raise ExportError(f"no sample file {source}")
    if source.suffix in (".npz", ".npy"):
        return Sample(_rows(_array(source), str(source)))
    if source.suffix in (".csv", ".parquet"):
        return _table(source)
    raise ExportError(f"cannot read the sample {source}: expected a file ending in {', '.join(SUFFIXES)}")


def _array(source: Path) -> NDArray[Any]:
    try:
        loaded = np.load(source, allow_pickle=False)
    except ValueError as error:
        raise ExportError(f"cannot read the sample {source}: {error}") from error
    if isinstance(loaded, np.ndarray):
        return loaded
    with loaded:
        if "X" not in loaded.files:
            raise ExportError(f"{source} must hold the rows as an array X, it holds {', '.join(loaded.files)}")
        return np.asarray(loaded["X"])


def _table(source: Path) -> Sample:
    is_csv = source.suffix == ".csv"
    table = _arrow("csv").read_csv(source) if is_csv else _arrow("parquet").read_table(source)
    types = _arrow("types")
    wrong = [column.name for column in table.schema if not _is_number(types, column.type)]
    if wrong:
        raise ExportError(f"{source}: every column must be a feature and hold numbers, not so {', '.join(wrong)}")
    columns = [column.to_numpy().astype(np.float64) for column in table.columns]
    return Sample(_rows(np.stack(columns, axis=1), str(source)), tuple(table.column_names))


def _arrow(module: str) -> Any:
    return need(f"pyarrow.{module}", extra="bulk")


def _is_number(types: Any, kind: Any) -> bool:
    return bool(types.is_floating(kind) or types.is_integer(kind) or types.is_null(kind))


def _rows(values: NDArray[Any], source: str) -> Rows:
    if values.ndim != 2 or values.dtype.kind not in "fiu" or not len(values):
        raise ExportError(f"{source} must be rows of numbers, [N, features]; got {values.dtype} {values.shape}")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, np.float32)
