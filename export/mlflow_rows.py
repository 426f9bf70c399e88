"""What an MLflow signature and input example say about the rows of a model, checked against what the model says."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.errors import Refused
from export.feature_names import Names, agreed
from export.mlflow_models import Input, MLmodel
from export.original import Original
from serinus.category import REFUSED, Category
from serinus.errors import listed
from serinus.schema import Rows

NUMBERS = ("boolean", "integer", "long", "float", "double")
WORDS = "string"
SIGNATURE = "the MLflow signature"
EXAMPLE = "the MLflow input example"


def names_of(model: MLmodel, original: Original) -> Names | None:
    """The features' names as the model and its signature agree on them; Refused where the signature says otherwise."""
    inputs = (model.signature.inputs if model.signature else None) or ()
    columns = [given for given in inputs if given.tensor is None]
    if len(columns) < len(inputs):
        _check_tensor(inputs, original)
        return original.names
    if not columns:
        return original.names
    names = tuple(given.name for given in columns if given.name is not None)
    found = agreed({"the model": original.names, SIGNATURE: names or None})
    if len(columns) != original.features:
        raise Refused(f"the model takes {original.features} features, {SIGNATURE} has {len(columns)} columns")
    _check_types(columns, original)
    return found


def _check_tensor(inputs: Sequence[Input], original: Original) -> None:
    tensors = [given.tensor for given in inputs if given.tensor is not None]
    if len(inputs) > 1:
        raise Refused(f"{SIGNATURE} has {len(inputs)} inputs; a bundle has one")
    (tensor,) = tensors
    if prod(tensor.shape[1:]) != original.features or np.dtype(tensor.dtype).kind not in "fiub":
        raise Refused(
            f"the model takes {original.features} numbers a row, {SIGNATURE} has {tensor.dtype} {list(tensor.shape)}"
        )


def _check_types(columns: Sequence[Input], original: Original) -> None:
    for place, given in enumerate(columns):
        if given.type in NUMBERS or (given.type == WORDS and place in original.categories):
            continue
        called = given.name if given.name is not None else place
        expected = "words" if place in original.categories else "numbers"
        raise Refused(f"{SIGNATURE} says that {called!r} is of type {given.type}, the model takes {expected} there")


def example_rows(folder: Path, model: MLmodel, original: Original) -> Rows | None:
    """The input example as rows of `original`; None where there is none, or it is no table."""
    if model.saved_input_example_info is None:
        return None
    file = folder / model.saved_input_example_info.artifact_path
    try:
        said = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise Refused(f"cannot read {EXAMPLE}, {file}: {error}") from error
    table = _table(said)
    if table is None:
        return None
    cells = np.array(table.rows, object).reshape(len(table.rows), -1)
    return _numbers(_ordered(cells, table.names, original), original)


@dataclass(frozen=True)
class Table:
    rows: list[Any]
    names: Names | None = None


def _table(said: Any) -> Table | None:
    """The rows in any of the ways in which MLflow writes them: split, records, columns, or nothing but numbers."""
    if isinstance(said, dict) and isinstance(said.get("data"), list):
        return Table(said["data"], tuple(map(str, said["columns"])) if "columns" in said else None)
    if isinstance(said, dict) and "inputs" in said:
        return _table(said["inputs"])
    if isinstance(said, dict) and said:
        columns = [held if isinstance(held, list) else [held] for held in said.values()]
        return Table([list(row) for row in zip(*columns, strict=False)], tuple(said))
    if isinstance(said, list) and said and isinstance(said[0], dict):
        return Table([list(row.values()) for row in said], tuple(said[0]))
    return Table(said) if isinstance(said, list) and said else None


def _ordered(cells: NDArray[np.object_], names: Names | None, original: Original) -> NDArray[np.object_]:
    """`cells` in the model's order of features: MLflow, too, finds them by name."""
    if names is not None and original.names is not None:
        agreed({"the model": tuple(sorted(original.names)), EXAMPLE: tuple(sorted(names))})
        return cells[:, [names.index(name) for name in original.names]]
    if cells.shape[1] != original.features:
        raise Refused(f"the model takes {original.features} features, {EXAMPLE} has {cells.shape[1]}")
    return cells


def _numbers(cells: NDArray[np.object_], original: Original) -> Rows:
    categories = original.categories
    columns = [[_number(cell, categories.get(place)) for cell in column] for place, column in enumerate(cells.T)]
    return np.array(columns, np.float64).T.astype(np.float32)


def _number(cell: object, category: Category | None) -> float:
    if category is not None and (cell is None or isinstance(cell, str)):
        number = category.number_of(cell)
        if number == REFUSED:
            raise Refused(f"{EXAMPLE} holds {cell!r}, expected {listed(category.words)}")
        return number
    if cell is None:
        return float("nan")
    if not isinstance(cell, int | float):
        raise Refused(f"{EXAMPLE} holds {cell!r}, expected a number")
    return float(cell)
