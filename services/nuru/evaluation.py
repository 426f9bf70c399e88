"""How good a regressor is: the figures of metadata.json."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import GroupKFold

Values = NDArray[np.float64]
Numbers = NDArray[np.int64]


def evaluate(truth: Values, predicted: Values) -> dict[str, float]:
    """rmse, mae and bias (predicted less true, on average) in the unit of the target; r2: the share explained."""
    figures = {
        "rmse": root_mean_squared_error(truth, predicted),
        "mae": mean_absolute_error(truth, predicted),
        "r2": r2_score(truth, predicted),
        "bias": np.mean(predicted - truth),
    }
    return {name: round(float(figure), 4) for name, figure in figures.items()}


def folds(groups: NDArray[np.generic], count: int, seed: int) -> Iterator[tuple[Numbers, Numbers]]:
    """Rows to learn from and rows to judge by; rows of one group always fall together."""
    yield from GroupKFold(count, shuffle=True, random_state=seed).split(np.empty(len(groups)), groups=groups)
