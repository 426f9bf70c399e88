"""Several regressors' values, one value: how they are combined, and how far they are apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serinus.prediction import Values
from serinus.sections import Averaging

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Blend:
    """One value per row out of M models' values x, each row for itself; computed in float64.

    values: float32 [N], their mean, their median, or sum(w * x) / sum(w)
    spread: float64 [N], sqrt(sum((x - mean) ** 2) / M), whatever the weights
    least, most: float32 [N], the lowest and the highest of them

    In a row where one model answered no finite number, all four are NaN: a median would hide it.
    """

    values: NDArray[np.float32]
    spread: Numbers
    least: NDArray[np.float32]
    most: NDArray[np.float32]


def combine(answers: Sequence[Values], how: Averaging, weights: Sequence[float] | None = None) -> Blend:
    """Combine the models' `answers` on the same rows; `weights`, in the order of `answers`, count where "weighted".

    The order of the models makes no difference, to the last bit, and neither does how many rows come at once.
    """
    given = np.stack([answer.values for answer in answers]).astype(np.float64)
    given[:, ~np.isfinite(given).all(axis=0)] = np.nan
    ordered = np.sort(given, axis=0)
    match how:
        case "mean":
            middle = _mean(ordered)
        case "median":
            middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
        case "weighted":
            middle = _weighted(given, weights)
    spread = np.sqrt(_mean(np.sort((ordered - _mean(ordered)) ** 2, axis=0)))
    least, most = ordered[0], ordered[-1]
    # between them it is, but for the last bits of a sum
    return Blend(_single(np.clip(middle, least, most)), spread, _single(least), _single(most))


def _weighted(given: Numbers, weights: Sequence[float] | None) -> Numbers:
    shares = np.array(weights if weights is not None else (), np.float64)
    if shares.shape != given.shape[:1] or not np.isfinite(shares).all() or (shares < 0).any() or not shares.any():
        raise ValueError(f"expected a weight for each of {len(given)} models, some above 0, got {weights}")
    shares = shares / shares.max()
    return _sum(np.sort(given * shares[:, None], axis=0)) / _sum(np.sort(shares))


def _mean(ordered: Numbers) -> Numbers:
    return _sum(ordered) / len(ordered)


def _sum(ordered: Numbers) -> Numbers:
    """One after the other: NumPy adds up many models in another order for one row than for two."""
    total = np.zeros(ordered.shape[1:])
    for one in ordered:
        total = total + one
    return total


def _single(numbers: Numbers) -> NDArray[np.float32]:
    return numbers.astype(np.float32)
