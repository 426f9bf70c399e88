"""Make a LightGBM model's probabilities mean what they say, inside the model itself.

Platt scaling finds a slope and a shift such that sigmoid(slope * sum + shift) fits held-out outcomes. A sum of leaves
is scaled by scaling every leaf, and shifted by shifting every leaf of one tree, as each row falls into just one of
them. So the model's own file answers calibrated probabilities, and whatever serves it knows nothing of calibration.
"""

from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from serinus.errors import SerinusError
from serinus.schema import Rows

CLOSE = 1e-9  # float64 sums of a thousand leaves


class CalibrationFailed(SerinusError):
    """No sigmoid makes the model's sums probabilities."""


@dataclass(frozen=True)
class Platt:
    slope: float
    shift: float

    def __call__(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.slope * sums + self.shift


def fitted(sums: NDArray[np.float64], truth: NDArray[np.bool_]) -> Platt:
    """The slope and shift that make the `truth` of held-out rows most likely, given the model's `sums` of them."""
    if truth.all() or not truth.any():
        raise CalibrationFailed(f"calibration needs rows of both classes, got {len(truth):,} of one")
    regression = LogisticRegression(C=np.inf).fit(sums.reshape(-1, 1), truth)
    platt = Platt(float(regression.coef_[0, 0]), float(regression.intercept_[0]))
    if platt.slope <= 0:
        raise CalibrationFailed(
            f"the model says the opposite of what held-out rows show (slope {platt.slope:.3f}): it learnt nothing"
        )
    return platt


def calibrated(booster: Any, platt: Platt, rows: Rows) -> Any:
    """`booster` up to its best iteration with `platt` in its leaves; checked on `rows`."""
    best = lightgbm.Booster(model_str=booster.model_to_string(num_iteration=booster.best_iteration))
    expected = platt(np.asarray(best.predict(rows, raw_score=True)))
    for tree in best.dump_model()["tree_info"]:
        number = tree["tree_index"]
        for leaf in range(tree["num_leaves"]):
            shift = platt.shift if number == 0 else 0.0
            best.set_leaf_output(number, leaf, platt.slope * best.get_leaf_output(number, leaf) + shift)
    written = lightgbm.Booster(model_str=best.model_to_string())
    _check(written, rows, expected)
    return written


def _check(written: Any, rows: Rows, expected: NDArray[np.float64]) -> None:
    """Sums and probabilities: a model that averages its trees, or has a sigmoid of its own, would answer others."""
    sums = np.abs(written.predict(rows, raw_score=True) - expected).max() / max(1.0, np.abs(expected).max())
    chances = np.abs(written.predict(rows) - 1 / (1 + np.exp(-expected))).max()
    if not max(sums, chances) <= CLOSE:
        raise CalibrationFailed(f"the leaves do not add up to what was calibrated: off by {max(sums, chances):.1e}")
