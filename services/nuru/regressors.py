"""The four regressors and their vote, at sizes that train in seconds on two cores.

Each brings its own preprocessing inside, so that a bundle takes the row as it is: the boosted trees route missing
values themselves, the forest gets medians, and the line gets medians, scales and a column for each word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from lightgbm import LGBMRegressor
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestRegressor, VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBRegressor

ENSEMBLE = "ensemble"
MEMBERS = ("xgboost", "lightgbm", "random_forest", "ridge")
CORES = 2
NO_WORD = -2.0  # in place of a missing word: an unknown one is -1


@dataclass(frozen=True)
class Size:
    """rounds: of boosting; trees: of the forest; grain: the fewest rows a leaf may hold."""

    rounds: int = 300
    trees: int = 150
    grain: int = 8
    rate: float = 0.04
    depth: int = 5


def vote(words: Sequence[int], size: Size, seed: int) -> VotingRegressor:
    """The mean of the four, not fitted; `words`: the places of the features that are numbers of words."""
    members = (_xgboost(size, seed), _lightgbm(size, seed), _forest(size, seed), _ridge(words))
    return VotingRegressor(list(zip(MEMBERS, members, strict=True)))


def served(fitted: VotingRegressor) -> dict[str, Any]:
    """The vote and its members by the names they are served under."""
    return {ENSEMBLE: fitted, **{name: fitted.named_estimators_[name] for name in MEMBERS}}


def _xgboost(size: Size, seed: int) -> XGBRegressor:
    return XGBRegressor(
        n_estimators=size.rounds,
        learning_rate=size.rate,
        max_depth=size.depth,
        min_child_weight=size.grain,
        subsample=0.8,
        colsample_bytree=0.6,
        n_jobs=CORES,
        random_state=seed,
    )


def _lightgbm(size: Size, seed: int) -> LGBMRegressor:
    return LGBMRegressor(
        n_estimators=size.rounds,
        learning_rate=size.rate,
        num_leaves=2 ** (size.depth - 1),
        min_child_samples=2 * size.grain,
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.6,
        n_jobs=CORES,
        random_state=seed,
        deterministic=True,
        force_row_wise=True,
        verbosity=-1,
    )


def _forest(size: Size, seed: int) -> Pipeline:
    forest = RandomForestRegressor(
        size.trees, min_samples_leaf=size.grain, max_features=0.5, n_jobs=CORES, random_state=seed
    )
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), forest)


def _ridge(words: Sequence[int]) -> Pipeline:
    numbers = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="ignore", dtype=np.float64)
    spelt = make_pipeline(SimpleImputer(strategy="constant", fill_value=NO_WORD), one_hot)
    columns = ColumnTransformer([("words", spelt, list(words))], remainder=numbers)
    return make_pipeline(columns, Ridge(alpha=10.0))
