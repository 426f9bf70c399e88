"""What should have been answered to the rows of a file: classes by name or number, or values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.errors import ExportError
from serinus.errors import listed


def class_ids(truth: NDArray[Any], labels: Sequence[str], called: str) -> NDArray[np.int64]:
    """The places of the true classes in `labels`.

    Classes are told by name. They may be told by number where that cannot be misread: no name is a number, and just
    the numbers from 0 on are there, one for every class. Otherwise 1 may be a library's first class, or its second.
    """
    told = [_spelt(value) for value in truth.tolist()]
    numbers = {str(number): number for number in range(len(labels))}
    names = {_spelt(label): number for number, label in enumerate(labels)}
    known = numbers if set(told) == set(numbers) and not set(told) & set(names) else names
    unknown = [row for row, name in enumerate(told) if name not in known]
    if unknown:
        raise ExportError(
            f"{called}: the truth of row {unknown[0]} is {told[unknown[0]]!r}, expected one of {listed(list(known))} "
            f"({len(unknown):,} of {len(told):,} rows are none of these)"
        )
    return np.array([known[name] for name in told], np.int64)


def true_values(truth: NDArray[Any], called: str) -> NDArray[np.float64]:
    if truth.dtype.kind not in "fiu":
        raise ExportError(f"{called}: the truth must be numbers, got {truth.dtype}")
    values = truth.astype(np.float64)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ExportError(f"{called}: the truth of row {row} is {values[row]}, expected a finite number")
    return values


def _spelt(value: object) -> str:
    """One library writes a class as 1, another as 1.0."""
    text = str(value)
    return text.removesuffix(".0") if text.removesuffix(".0").lstrip("-").isdigit() else text
