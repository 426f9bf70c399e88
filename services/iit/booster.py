"""Train the trees: LightGBM with categories and missing values, stopped when more trees no longer help."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from serinus.schema import Rows

MOST_TREES = 2_000
PATIENCE = 50
SETTINGS = {
    "objective": "binary",  # a class weight would bend the probabilities that calibration is to straighten
    "metric": "binary_logloss",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "min_data_per_group": 100,
    "cat_smooth": 20.0,
    "max_cat_threshold": 16,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Visits:
    """Rows of the features, and what came after."""

    rows: Rows
    interrupted: NDArray[np.bool_]

    def only(self, places: NDArray[np.int64]) -> "Visits":
        return Visits(self.rows[places], self.interrupted[places])

    def __len__(self) -> int:
        return len(self.interrupted)


@dataclass(frozen=True)
class Features:
    """names: in the order of the rows; words: which of them are categories."""

    names: Sequence[str]
    words: Sequence[str]


def trained(visits: Visits, stop: Visits, features: Features, *, seed: int) -> Any:
    """A lightgbm.Booster, and by its best_iteration how many of its trees to keep."""
    dataset = lightgbm.Dataset(
        visits.rows,
        visits.interrupted,
        feature_name=list(features.names),
        categorical_feature=list(features.words),
        params=SETTINGS,
    )
    return lightgbm.train(
        {**SETTINGS, "seed": seed},
        dataset,
        MOST_TREES,
        valid_sets=[dataset.create_valid(stop.rows, stop.interrupted)],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
