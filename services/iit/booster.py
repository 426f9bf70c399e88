"""Train the trees: LightGBM with categories and missing values, stopped when more trees no longer help."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serinus.category import UNKNOWN
from serinus.errors import SerinusError
from serinus.schema import Rows

PLAIN = re.compile(r"[^\s\[\]{}\",:]+")
MOST_TREES = 2_000
PREDICT = {"num_threads": 1}
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
    "num_threads": 1,  # the same trees on every machine, and where cores are shared, faster
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


class UnfitName(SerinusError):
    """A feature is called what LightGBM would change."""


@dataclass(frozen=True)
class Visits:
    """Rows of the features; happened: whether it came to what is predicted."""

    rows: Rows
    happened: NDArray[np.bool_]

    def only(self, places: NDArray[np.int64]) -> "Visits":
        return Visits(self.rows[places], self.happened[places])

    def __len__(self) -> int:
        return len(self.happened)


@dataclass(frozen=True)
class Features:
    """names: in the order of the rows; words: of those that are categories, whose numbers are places among them."""

    names: Sequence[str]
    words: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        if strange := [name for name in self.names if not PLAIN.fullmatch(name)]:
            raise UnfitName(f'LightGBM keeps no names with spaces or any of [ ] {{ }} " , : in them: rename {strange}')


def trained(visits: Visits, stop: Visits, features: Features, *, seed: int) -> Any:
    """A lightgbm.Booster, and by its best_iteration how many of its trees to keep."""
    dataset = lightgbm.Dataset(_frame(visits.rows, features), visits.happened, params=SETTINGS)
    return lightgbm.train(
        {**SETTINGS, "seed": seed},
        dataset,
        MOST_TREES,
        valid_sets=[dataset.create_valid(_frame(stop.rows, features), stop.happened)],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )


def _frame(rows: Rows, features: Features) -> pd.DataFrame:
    """`rows` as LightGBM learns words from, and keeps them in its file; it then answers rows of their numbers too."""
    columns = dict(zip(features.names, rows.T, strict=True))
    for name, words in features.words.items():
        numbers = np.nan_to_num(columns[name], nan=UNKNOWN).astype(np.int64)
        columns[name] = pd.Categorical.from_codes(numbers, list(words))
    return pd.DataFrame(columns)
