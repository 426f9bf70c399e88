"""A small table as people have them: numbers, words, gaps, and columns that no model needs."""

from typing import Any

import numpy as np
import pandas
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from export.original import Original
from serinus.schema import Rows

COUNT = 300
NUMBERS, WORDS = ["age", "fare"], ["sex", "port"]


def passengers() -> Any:
    """`fare` is a whole number, `port` is missing now and then, as is `age`."""
    generator = np.random.default_rng(5)
    ages = np.where(generator.uniform(size=COUNT) < 0.15, np.nan, generator.normal(40, 12, COUNT).round())
    ports = generator.choice(["S", "C", "Q"], COUNT).astype(object)
    ports[generator.uniform(size=COUNT) < 0.1] = np.nan
    columns = {
        "name": [f"passenger {number}" for number in range(COUNT)],
        "age": ages,
        "fare": generator.gamma(2, 30, COUNT).round(),
        "sex": generator.choice(["male", "female"], COUNT),
        "port": ports,
        "deck": generator.integers(1, 4, COUNT),
        "alone": generator.uniform(size=COUNT) < 0.5,
    }
    return pandas.DataFrame(columns)


def saved(table: Any) -> NDArray[np.int64]:
    chance = np.random.default_rng(6).normal(size=COUNT)
    score = 2 * (table.sex == "female") + (table.deck == 1) + (table.age.fillna(30) < 25) + (table.port == "C") + chance
    return np.asarray(score > 1.5).astype(np.int64)


def one_hot(**more: Any) -> Any:
    return make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", **more))


def columns(words: Any = None, numbers: Any = None, **more: Any) -> ColumnTransformer:
    """What the examples of scikit-learn do: numbers filled and scaled, words filled and encoded."""
    filled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    parts = [("numbers", filled if numbers is None else numbers, NUMBERS), ("words", words or one_hot(), WORDS)]
    return ColumnTransformer(parts, **more)


def rows_of(original: Original, table: Any) -> Rows:
    """`table` as rows of a bundle: the columns that the model names, words by their numbers."""
    columns = []
    for place, name in enumerate(original.names or ()):
        category = original.categories.get(place)
        given = table[name]
        said = [word if isinstance(word, str) else None for word in given] if category else []
        columns.append([category.number_of(word) for word in said] if category else given.astype(float).to_numpy())
    return np.array(columns, np.float64).T.astype(np.float32)
