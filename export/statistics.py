"""What rows and the answers to them look like, in numbers: the arrays that `serinus.reference` reads back."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from serinus.prediction import Answers, Classes
from serinus.reference import BINS, Edges, binned
from serinus.schema import Rows

Arrays = dict[str, NDArray[np.generic]]
Statistic = Callable[[NDArray[np.float64]], np.float64]


def inputs(rows: Rows) -> Arrays:
    """By feature: statistics of the values that are there, and their histogram."""
    values = [column[~np.isnan(column)] for column in rows.T]
    edges = np.stack([edges_of(some) for some in values])
    return {
        "input_missing": np.isnan(rows).mean(axis=0, dtype=np.float64),
        "input_mean": _each(np.mean, values),
        "input_std": _each(np.std, values),
        "input_min": _each(np.min, values),
        "input_max": _each(np.max, values),
        "input_edges": edges,
        "input_counts": np.stack([binned(some, between) for some, between in zip(values, edges, strict=True)]),
    }


def outputs(answers: Answers) -> Arrays:
    """How often each class was answered; the histogram of the confidence, or of the value."""
    classes: Arrays = {}
    if isinstance(answers, Classes):
        classes["output_classes"] = np.bincount(answers.ids, minlength=len(answers.labels)).astype(np.int64)
    values = answers.confidence if isinstance(answers, Classes) else answers.values
    edges = edges_of(values)
    return {**classes, "output_edges": edges, "output_counts": binned(values, edges)}


def edges_of(values: NDArray[np.float32]) -> Edges:
    """What parts `values` into bins: the values themselves where they are few, else their deciles, which they hold.

    A decile between two values would be rounded to float32, and to the one or the other side of a value.
    """
    distinct = np.unique(values)
    inner = distinct[:-1]
    if len(distinct) > BINS:
        inner = np.quantile(values, np.arange(1, BINS) / BINS, method="inverted_cdf")
    edges = np.full(BINS - 1, np.inf, np.float32)
    edges[: len(inner)] = inner
    return edges


def _each(statistic: Statistic, values: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    return np.array([statistic(some.astype(np.float64)) if len(some) else np.nan for some in values])
