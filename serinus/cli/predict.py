"""`serinus predict`: a few rows through one bundle, to look at."""

from pathlib import Path
from typing import Annotated, Any

import typer

from serinus.cli.options import JsonOption


def predict(
    bundle: Annotated[Path, typer.Argument(help="The folder of a bundle, such as models/xgboost/v1.0.0.")],
    file: Annotated[Path, typer.Argument(help="Rows: .npy, .npz (X), or .json (a list of rows).")],
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
    answers = predictor.predict(_rows(file, predictor)[:rows])
    if isinstance(answers, Classes):
        header = ["prediction", "confidence", *answers.labels]
        shares: list[Any] = answers.probabilities.tolist()
        lines = [[answers.labels[i], share[i], *share] for i, share in zip(answers.ids.tolist(), shares, strict=True)]
    else:
        header, lines = ["prediction"], [[value] for value in answers.values.tolist()]
    if as_json:
        print(json.dumps([dict(zip(header, line, strict=True)) for line in lines]))
        return
    table = Table(*header, title=f"{predictor.metadata.model_name} {predictor.metadata.version}")
    for line in lines:
        table.add_row(*(cell if isinstance(cell, str) else f"{cell:.4f}" for cell in line))
    Console().print(table)


def _rows(file: Path, predictor: Any) -> Any:
    """The rows of `file` as float32 [N, F], checked as a request's are."""
    from zipfile import BadZipFile

    import numpy as np

    from serinus.errors import InputError, Problem
    from serinus.schema import expected_number, refused

    metadata = predictor.metadata
    width, policy = metadata.input_schema.features, metadata.nan_policy
    try:
        values = np.atleast_2d(np.asarray(_read(file), np.float64))
    except (OSError, ValueError, TypeError, KeyError, OverflowError, BadZipFile) as error:
        raise InputError([Problem(str(file), str(error)[:200], ".npy, .npz with X, or .json with rows")]) from error
    if values.ndim != 2 or values.shape[1] != width:
        raise InputError([Problem(str(file), f"shape {values.shape}", f"rows of {width} numbers")])
    with np.errstate(over="ignore"):
        rows = values.astype(np.float32)
    bad = np.flatnonzero(refused(rows, policy))
    if len(bad):
        raise InputError([Problem(f"{file} row {bad[0]}", "NaN or infinity", expected_number(policy))])
    return rows


def _read(file: Path) -> Any:
    import json

    import numpy as np

    if file.suffix == ".json":
        return json.loads(file.read_bytes())
    if file.suffix == ".npy":
        return np.load(file, allow_pickle=False)
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
        return arrays["X"]
