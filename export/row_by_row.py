"""Rows must be answered alike alone and among others: a service decides by chance which rows are asked together."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from export.errors import Refused
from serinus.golden import Natives
from serinus.schema import Rows

TRIED = 16
SAME = 1e-4  # relative to the largest answer: float32 adds up in another order in a batch


def check_row_by_row(predict: Callable[[Rows], Natives], rows: Rows, source: Path) -> None:
    """Refused when the answer to one of the first `rows` changes with the rows beside it."""
    together = predict(rows[:TRIED])
    alone = np.concatenate([predict(rows[place : place + 1]) for place in range(len(together))])
    differences = np.abs(together - alone)
    if (differences > SAME * max(1.0, float(np.abs(alone).max()))).any():
        row = int(differences.max(axis=1).argmax())
        raise Refused(
            f"{source} answers a row differently among others: {alone[row]} alone, {together[row]} in a batch. It "
            "mixes the rows it is given (a softmax or mean over the wrong axis, or numbers quantised as they come)"
        )
