"""The answers of a scikit-learn model to rows as a bundle gets them: float32 numbers, and the numbers of words.

They reach the model in the precision it was fitted in, in a DataFrame where columns are told by name or hold words.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.extras import need
from export.feature_names import Names, unnamed_rows
from export.sklearn_votes import last, settled, shares
from export.sklearn_words import Vocabulary
from export.steps import Precision
from serinus.golden import Natives
from serinus.schema import Rows

Known = Callable[[Rows], NDArray[np.bool_]]


@dataclass(frozen=True)
class Table:
    """Rows as the model was fitted on them.

    names: of the columns; dtype: of those that are numbers; is_frame: a DataFrame, else an array
    """

    vocabulary: Vocabulary
    names: Names | None
    dtype: Precision
    is_frame: bool

    def of(self, rows: Rows) -> Any:
        numbers = rows.astype(self.dtype)  # a copy: a scaler with copy=False writes into what it is given
        if not self.is_frame:
            return numbers
        pandas = need("pandas")
        columns: dict[int, Any] = {place: numbers[:, place] for place in range(rows.shape[1])}
        for place in self.vocabulary.objects:
            columns[place] = pandas.Series(self.vocabulary.said(place, rows[:, place]), dtype=object)
        frame = pandas.DataFrame(columns)
        return frame if self.names is None else frame.set_axis(list(self.names), axis=1)


def truth(model: Any, table: Table, known: Known, width: int) -> Callable[[Rows], Natives]:
    """NaN for rows that are not `known`: the model raises an error about them."""

    def predict(rows: Rows) -> Natives:
        answers = np.full((len(rows), width), np.nan)
        answered = known(rows)
        if answered.any():
            answers[answered] = _asked(model, table.of(rows[answered])).reshape(-1, width)
        return answers

    return predict


def _asked(model: Any, rows: Any) -> Natives:
    with _quiet():
        if not hasattr(model, "classes_"):
            return np.asarray(model.predict(rows))
        if hasattr(model, "predict_proba"):
            return np.asarray(model.predict_proba(rows))
        return _voted(model, rows)


def _voted(model: Any, rows: Any) -> Natives:
    """A hard vote has no probabilities: its shares stand for them."""
    return shares(*last(model, rows))


def clear_votes(model: Any, table: Table, known: Known) -> Known | None:
    """On which rows a hard vote has no undecided member; None for any other model."""
    end = model.steps[-1][1] if type(model).__name__ == "Pipeline" else model
    if type(end).__name__ != "VotingClassifier" or end.voting != "hard":
        return None

    def clear(rows: Rows) -> NDArray[np.bool_]:
        answered = known(rows).copy()
        with _quiet():
            if answered.any():
                answered[answered] = settled(model, table.of(rows[answered]))
        return answered

    return clear


@contextmanager
def _quiet() -> Iterator[None]:
    """Encoders warn about unknown categories, which the rows of the gate hold on purpose."""
    with unnamed_rows(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Found unknown categories", category=UserWarning)
        yield
