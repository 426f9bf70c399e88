"""Rows of the data a model was trained for, read from a file: what the parity gate draws its rows from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export import tables
from export.errors import ExportError, Refused
from export.feature_names import agreed
from export.tables import Table
from serinus.category import REFUSED, Category
from serinus.errors import listed
from serinus.names import shortened
from serinus.schema import Rows

ARRAYS = (".npz", ".npy")
SUFFIXES = (*ARRAYS, *tables.SUFFIXES)
Names = tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """truth: what should be answered to each of the `rows`: names or numbers of classes, or values.

    source: the name of the file they come from, and its SHA-256
    """

    rows: Rows
    names: Names | None = None
    truth: NDArray[Any] | None = None
    source: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Columns:
    """What the columns of a file are to the model.

    names: of its features, in its order, when it knows them; categories: by place, those that hold words
    target: the column that holds the truth; truth_is_words: names of classes, or numbers that stand for them
    """

    features: int
    names: Names | None = None
    categories: Mapping[int, Category] = field(default_factory=dict)
    target: str | None = None
    truth_is_words: bool = True


Source = Path | NDArray[Any] | Sample


def sample_of(source: Source, columns: Columns) -> Sample:
    """The rows in an array, or in a .npz (arrays X and y), .npy, .csv or .parquet file; checked to be the model's."""
    sample = _read(source, columns)
    called = str(source) if isinstance(source, Path) else "the sample"
    _check(sample.rows.shape[1], sample.names, columns, called)
    if sample.truth is not None and sample.truth.shape != (len(sample.rows),):
        raise ExportError(f"{called}: the truth of {len(sample.rows)} rows is needed, got {sample.truth.shape}")
    return replace(sample, source=digest(source)) if isinstance(source, Path) else sample


def _read(source: Source, columns: Columns) -> Sample:
    if isinstance(source, Sample):
        return replace(source, rows=_rows(source.rows, "the sample"))
    if isinstance(source, np.ndarray):
        return Sample(_rows(source, "the sample"))
    if not source.is_file():
        raise ExportError(f"no sample file {source}")
    if source.suffix in ARRAYS:
        return _arrays(source)
    if source.suffix in tables.SUFFIXES:
        return _table(Table.at(source), columns)
    raise ExportError(f"cannot read the sample {source}: expected a file ending in {', '.join(SUFFIXES)}")


def digest(source: Path) -> dict[str, str]:
    with source.open("rb") as file:  # not read whole once more: a sample may be large
        return {source.name: hashlib.file_digest(file, "sha256").hexdigest()}


def _check(width: int, names: Names | None, columns: Columns, called: str, *, has_truth: bool = False) -> None:
    """Refuse what the model would take for other features than it is. has_truth: whether the target was there."""
    hint = _about_the_truth(columns, has_truth=has_truth) if names and width > columns.features else ""
    try:
        agreed({"the model": columns.names, called: names})
    except Refused as error:
        raise Refused(f"{error}{hint}") from error
    if width != columns.features:
        among = f": {shortened(names)}{hint}" if names else ""
        raise Refused(f"the model takes {columns.features} features, {called} has {width}{among}")


def _about_the_truth(columns: Columns, *, has_truth: bool) -> str:
    if has_truth:
        return f". No columns but the features and {columns.target} may be there"
    if columns.target:
        return f". There is no column {columns.target} to take out as the truth, and no others may be there"
    return ". A column that holds the truth is named with --target; no others may be there"


def _arrays(source: Path) -> Sample:
    try:
        loaded = np.load(source, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return Sample(_rows(loaded, str(source)))
        with loaded:
            if "X" not in loaded.files:
                raise ExportError(f"{source} must hold the rows as an array X, it holds {', '.join(loaded.files)}")
            return Sample(_rows(loaded["X"], str(source)), truth=loaded["y"] if "y" in loaded.files else None)
    except ValueError as error:
        raise ExportError(f"cannot read the sample {source}: {error}") from error


def _table(table: Table, columns: Columns) -> Sample:
    names = tuple(name for name in table.names if name != columns.target)
    _check(len(names), names, columns, str(table.source), has_truth=columns.target in table.names)
    categories = {names[place]: category for place, category in columns.categories.items()}
    target = set(table.names) & {columns.target}
    read = table.columns(words={*categories, *(target if columns.truth_is_words else ())})
    truth = next((_truth(table, name, read[name], columns) for name in target), None)
    return Sample(_features(table, {name: read[name] for name in names}, categories), names, truth)


def _features(table: Table, read: Mapping[str, Any], categories: Mapping[str, Category]) -> Rows:
    wrong = [name for name in read if name not in categories and tables.numbers(read[name]) is None]
    if wrong:
        raise ExportError(f"{table.source}: every column must be a feature and hold numbers, not so {', '.join(wrong)}")
    coded = {name: _coded(table, name, read[name], category) for name, category in categories.items()}
    columns = [coded[name] if name in coded else tables.numbers(read[name]) for name in read]
    return _rows(np.array(columns, np.float64).T, str(table.source))


def _coded(table: Table, name: str, column: Any, category: Category) -> NDArray[np.float64]:
    """The numbers of the words in a column."""
    words = tables.words(column)
    if words is None:
        raise ExportError(
            f"{table.source}: column {name} holds {column.type}, expected words: {listed(category.words)}"
        )
    numbers = np.array([category.number_of(word) for word in words], np.float64)
    if strange := sorted({str(words[row]) for row in np.flatnonzero(numbers == REFUSED)}):
        raise ExportError(f"{table.source}: column {name} holds {listed(strange)}, expected {listed(category.words)}")
    return numbers


def _truth(table: Table, name: str, column: Any, columns: Columns) -> NDArray[Any]:
    words = tables.words(column) if columns.truth_is_words else None
    if words is not None:
        return np.array(words, object)
    numbers = tables.numbers(column)
    if numbers is None:
        expected = "names or numbers of classes" if columns.truth_is_words else "numbers"
        raise ExportError(f"{table.source}: column {name} holds {column.type}, expected {expected}")
    return numbers


def _rows(values: NDArray[Any], source: str) -> Rows:
    if values.ndim != 2 or values.dtype.kind not in "fiu" or not len(values):
        raise ExportError(f"{source} must be rows of numbers, [N, features]; got {values.dtype} {values.shape}")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, np.float32)
