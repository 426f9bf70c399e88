"""The column of a file that holds the truth, for two models to be judged by."""

import math
from pathlib import Path

import numpy as np
import pyarrow as pa

from serinus.errors import InputError, JobError, Problem, listed, shown
from serinus.metadata import Metadata
from serinus.registry.truth import Truth
from serinus.schema import ClassificationSchema

UNKNOWN = ("", "nan")  # as a file may write a number that is not there


def truth_of(column: "pa.ChunkedArray", target: str, metadata: Metadata) -> Truth:
    """The column `target` as the model's answers are: labels, or numbers."""
    values = [None if value in metadata.input_schema.missing else value for value in column.to_pylist()]
    if isinstance(metadata.output_schema, ClassificationSchema):
        return np.array([_label(value) for value in values], np.str_)
    return np.array([_number(value, target) for value in values], np.float64)


def array_of(file: Path, target: str, metadata: Metadata) -> Truth:
    """The array `target` of a .npz."""
    if file.suffix != ".npz":
        raise JobError(f"{file} has no column {target!r}: the truth is in .csv, .jsonl, .parquet or .npz")
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
        if target not in arrays:
            raise JobError(f"{file} has no array {target!r}; it has {listed(arrays.files)}")
        return truth_of(pa.chunked_array([pa.array(arrays[target].reshape(-1).tolist())]), target, metadata)


def _label(value: object) -> str:
    return "" if value is None or value != value else str(value)  # noqa: PLR0124  # NaN alone is not itself


def _number(value: object, target: str) -> float:
    if value is None or (isinstance(value, str) and value.strip().lower() in UNKNOWN):
        return math.nan
    try:
        number = math.inf if isinstance(value, bool) else float(value)  # type: ignore[arg-type]  # or it says so
    except (TypeError, ValueError):
        number = math.inf
    if math.isinf(number):
        raise InputError([Problem(target, shown(value), "a finite number, the truth")])
    return number
