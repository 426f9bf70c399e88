"""`serinus predict`: a few rows through one bundle, to look at."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serinus.cli import records
from serinus.cli.options import JsonOption

if TYPE_CHECKING:
    from serinus.metadata import Metadata

PROBLEMS_SHOWN = 5
ARRAYS = (".npy", ".npz")


def predict(
    bundle: Annotated[Path, typer.Argument(help="The folder of a bundle, such as models/xgboost/v1.0.0.")],
    file: Annotated[
        Path,
        typer.Argument(
            help="Rows: .npy, .npz (X), or .json (rows of numbers and words, in lists or by name). Records of a "
            "bundle's fields: .json, .jsonl, .csv, .parquet."
        ),
    ],
    rows: Annotated[int, typer.Option(min=1, help="How many rows to answer at most.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Answer the first rows of a file with one bundle. For whole files there is serinus score.

    Try: serinus predict models/xgboost/v1.0.0 curves.npz --rows 3
    """
    import json

    from rich.console import Console
    from rich.table import Table

    from serinus.bundle import Bundle
    from serinus.prediction import Classes
    from serinus.predictor import Predictor

    predictor = Predictor(Bundle.load(bundle))
    answers = predictor.predict(rows_of(file, predictor.metadata, most=rows))
    if isinstance(answers, Classes):
        header, form = ["prediction", "confidence", *answers.labels], ".4f"
        shares: list[Any] = answers.probabilities.tolist()
        lines = [[answers.labels[i], share[i], *share] for i, share in zip(answers.ids.tolist(), shares, strict=True)]
    else:
        header, lines, form = ["prediction"], [[value] for value in answers.values.tolist()], ".7g"
    if as_json:
        print(json.dumps([dict(zip(header, line, strict=True)) for line in lines]))
        return
    table = Table(*header, title=f"{predictor.metadata.model_name} {predictor.metadata.version}")
    for line in lines:
        table.add_row(*(cell if isinstance(cell, str) else f"{cell:{form}}" for cell in line))
    Console().print(table)


def rows_of(file: Path, metadata: "Metadata", *, most: int = sys.maxsize) -> Any:
    """The first rows of `file` as float32 [N, F], checked as a request's are."""
    from serinus.rows import Layout

    form = records.form_of(metadata)
    if form is not None and file.suffix not in ARRAYS:
        return records.rows_of(file, form, most)
    layout = Layout.of(metadata.input_schema, metadata.nan_policy)
    return (_written(file, layout) if file.suffix == ".json" else _counted(file, layout))[:most]


def _written(file: Path, layout: Any) -> Any:
    """Rows of JSON: numbers and words, in lists or by name."""
    import json

    import numpy as np

    from serinus.errors import InputError
    from serinus.rows import once, read

    try:
        found = json.loads(file.read_bytes(), object_pairs_hook=once)
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(file, error) from error
    many = isinstance(found, list) and found and isinstance(found[0], list | dict)
    answers = [read(row, f"{file} row {number}", layout) for number, row in enumerate(found if many else [found])]
    if problems := [problem for _, wrong in answers for problem in wrong]:
        raise InputError(problems[:PROBLEMS_SHOWN])
    return np.concatenate([row for row, _ in answers])


def _counted(file: Path, layout: Any) -> Any:
    """Rows of an array, which holds nothing but numbers."""
    from zipfile import BadZipFile

    import numpy as np

    from serinus.errors import InputError, Problem
    from serinus.schema import expected_number, refused

    if layout.categories:
        raise InputError([Problem(str(file), "an array of numbers", f"{layout.expected}, each row one, in .json")])
    try:
        values = np.atleast_2d(np.asarray(_array(file), np.float64))
    except (OSError, ValueError, TypeError, KeyError, OverflowError, BadZipFile) as error:
        raise _unreadable(file, error) from error
    if values.ndim != 2 or values.shape[1] != layout.features:
        raise InputError([Problem(str(file), f"shape {values.shape}", f"rows of {layout.features} numbers")])
    with np.errstate(over="ignore"):
        rows = values.astype(np.float32)
    bad = np.flatnonzero(refused(rows, layout.nan_policy))
    if len(bad):
        raise InputError([Problem(f"{file} row {bad[0]}", "NaN or infinity", expected_number(layout.nan_policy))])
    return rows


def _array(file: Path) -> Any:
    import numpy as np

    if file.suffix == ".npy":
        return np.load(file, allow_pickle=False)
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
        return arrays["X"]


def _unreadable(file: Path, error: Exception) -> Exception:
    from serinus.errors import InputError, Problem

    return InputError([Problem(str(file), str(error)[:200], ".npy, .npz with X, or .json with rows")])
