"""How right answers are: the figures of a model on rows whose truth is known, in float64."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serinus.prediction import Answers, Classes, Values

Truth = NDArray[np.float64] | NDArray[np.str_]  # NaN, or the empty text, where it is not known


@dataclass(frozen=True)
class Judged:
    """Figures of both models on the `rows` whose truth is known; none where there is no such row."""

    rows: int
    first: dict[str, float]
    second: dict[str, float]


def known(truth: Truth) -> NDArray[np.bool_]:
    """bool [N]"""
    return np.asarray(truth != "") if truth.dtype.kind == "U" else ~np.isnan(truth.astype(np.float64))


def figures(answers: Sequence[Answers], truths: Sequence[Truth]) -> dict[str, float]:
    """How right the `answers` to consecutive rows are; rows of unknown truth do not count."""
    pairs = list(zip(answers, truths, strict=True))
    values = [answer.values[known(truth)] for answer, truth in pairs if isinstance(answer, Values)]
    names = [np.array(a.labels)[a.ids[known(truth)]] for a, truth in pairs if isinstance(a, Classes)]
    truth = np.concatenate([truth[known(truth)] for truth in truths])
    if not len(truth):
        return {}
    if values:
        return of_values(np.concatenate(values).astype(np.float64), truth.astype(np.float64))
    return of_labels(np.concatenate(names), truth.astype(np.str_))


def of_values(values: NDArray[np.float64], truth: NDArray[np.float64]) -> dict[str, float]:
    """bias: the mean of what is answered less what is true. No r2 where the truth is always the same."""
    with np.errstate(invalid="ignore"):  # a model that overflows is infinitely wrong
        residuals = values - truth
        around = ((truth - truth.mean()) ** 2).sum()
        found = {
            "rmse": np.sqrt((residuals**2).mean()),
            "mae": np.abs(residuals).mean(),
            **({"r2": 1 - (residuals**2).sum() / around} if around else {}),
            "bias": residuals.mean(),
        }
    return {name: float(figure) for name, figure in found.items()}


def of_labels(names: NDArray[np.str_], truth: NDArray[np.str_]) -> dict[str, float]:
    """f1_score: the mean over all labels that are answered or true."""
    right = names == truth
    labels = np.union1d(names, truth)
    hits = np.array([right[truth == label].sum() for label in labels])
    there = np.array([(names == label).sum() + (truth == label).sum() for label in labels])
    return {"accuracy": float(right.mean()), "f1_score": float((2 * hits / there).mean())}
