"""What models answer, typed: one column of results per batch of rows."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Classes:
    """Answers of a classifier on N rows.

    ids: int64 [N], the index of the predicted class in `labels`
    probabilities: float32 [N, C], column i belongs to labels[i]
    """

    labels: tuple[str, ...]
    ids: NDArray[np.int64]
    probabilities: NDArray[np.float32]

    @property
    def confidence(self) -> NDArray[np.float32]:
        """float32 [N]: the probability of the predicted class."""
        return np.take_along_axis(self.probabilities, self.ids[:, None], axis=1)[:, 0]

    @property
    def is_answer(self) -> NDArray[np.bool_]:
        """bool [N]: whether the probabilities are numbers; a softmax over infinite scores gives none."""
        return np.asarray(np.isfinite(self.probabilities).all(axis=1))

    def in_order(self, labels: tuple[str, ...]) -> Self:
        """The same answers with `labels` (the same set, another order): names keep their probabilities."""
        if labels == self.labels:
            return self
        columns = [self.labels.index(label) for label in labels]
        return type(self)(labels, np.argsort(columns)[self.ids], self.probabilities[:, columns])


@dataclass(frozen=True)
class Values:
    """Answers of a regressor on N rows: float32 [N]."""

    values: NDArray[np.float32]

    @property
    def is_answer(self) -> NDArray[np.bool_]:
        """bool [N]: whether the value is a number; a model overflows on huge ones."""
        return np.isfinite(self.values)


Answers = Classes | Values
