"""What goes into a model and what comes out: names, types, labels; and the check of rows against it.

A row is `features` float32 numbers in the model's order. A missing value is NaN, and only where the bundle's
`nan_policy` is "allow"; infinity is never a value. Numbers are read as float64 and rounded once to float32, online,
in bulk and at export alike, so that the same text means the same row everywhere. Where callers say words,
`serinus.category` alone says which number a word is.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from serinus.category import REFUSED, Category
from serinus.errors import Problem, listed, shown
from serinus.fields import AnyField
from serinus.names import twice

Rows = NDArray[np.float32]
NanPolicy = Literal["allow", "reject"]
LARGEST = float(np.finfo(np.float32).max)
OVERFLOWS = LARGEST + 2.0**103  # from half a step above the largest on, rounding to float32 gives infinity


class InputSchema(BaseModel):
    """`names` are the features in the model's order; unnamed models get f0, f1, ...

    categories: by name, the features that are words to a caller.
    fields: what the features were made of when the model was proven, where that was said; see `serinus.record`
    missing: texts that meant that there is no value
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: int = Field(gt=0)
    dtype: Literal["float32"] = "float32"
    shape: tuple[Literal["N"], int]
    names: tuple[str, ...]
    named: bool = True  # False: the names are made up, so a file's columns may be matched by position
    categories: dict[str, Category] = {}
    fields: tuple[AnyField, ...] = ()
    missing: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _agrees(self) -> "InputSchema":
        if self.shape[1] != self.features or len(self.names) != self.features:
            raise ValueError(f"features {self.features}, shape {self.shape} and {len(self.names)} names disagree")
        if len(set(self.names)) != self.features:
            raise ValueError(f"feature names must differ from each other, got {twice(self.names)} more than once")
        if unknown := sorted(set(self.categories) - set(self.names)):
            raise ValueError(f"categories of features that are not there: {unknown}")
        return self

    @property
    def categories_by_place(self) -> dict[int, Category]:
        return {place: self.categories[name] for place, name in enumerate(self.names) if name in self.categories}

    def remade(self, later: "InputSchema") -> dict[str, tuple[str, str]]:
        """By name, the fields of both that mean something else: what they were, and what they are."""
        were = {field.name: field.meaning for field in self.fields}
        are = {field.name: field.meaning for field in later.fields}
        return {name: (were[name], are[name]) for name in were if name in are and were[name] != are[name]}

    @classmethod
    def of(
        cls, features: int, names: Sequence[str] | None = None, categories: Mapping[int, Category] | None = None
    ) -> "InputSchema":
        """`categories`: by place, from 0."""
        known = tuple(names or (f"f{i}" for i in range(features)))
        words = {known[place]: category for place, category in sorted((categories or {}).items())}
        return cls(features=features, shape=("N", features), names=known, named=names is not None, categories=words)


class ClassificationSchema(BaseModel):
    """`labels` stand in the order the model was trained with: label i is column i of `probabilities`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Literal["classification"] = "classification"
    classes: int = Field(ge=2)
    labels: tuple[str, ...]

    @model_validator(mode="after")
    def _agrees(self) -> "ClassificationSchema":
        if len(self.labels) != self.classes or len(set(self.labels)) != self.classes:
            raise ValueError(f"{self.classes} classes need as many different labels, got {list(self.labels)}")
        return self


class RegressionSchema(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Literal["regression"] = "regression"
    target: str = "value"
    unit: str | None = None


OutputSchema = Annotated[ClassificationSchema | RegressionSchema, Field(discriminator="task")]


def refused(rows: Rows, nan_policy: NanPolicy) -> NDArray[np.bool_]:
    """Which of `rows` (float32 [N, F]) hold a value the model must not see: bool [N]."""
    bad = np.isinf(rows) if nan_policy == "allow" else ~np.isfinite(rows)
    return np.asarray(bad.any(axis=1))


def problem_with(value: float, field: str, nan_policy: NanPolicy) -> Problem | None:
    """What is wrong with one float64 `value` as a feature, if anything."""
    if math.isnan(value):
        return None if nan_policy == "allow" else Problem(field, "NaN", expected_number(nan_policy))
    if math.isinf(value):
        return Problem(field, "Infinity" if value > 0 else "-Infinity", expected_number(nan_policy))
    if abs(value) < OVERFLOWS:
        return None
    return Problem(field, value, f"a float32 number, at most {LARGEST:.7e} in size")


def word_problem(value: object, field: str, category: Category, nan_policy: NanPolicy) -> Problem | None:
    """What is wrong with `value` where a word of `category` belongs, if anything; None is a missing word."""
    if value is None and nan_policy == "allow":
        return None
    if isinstance(value, str) and category.number_of(value) != REFUSED:
        return None
    return Problem(field, shown(value), expected_word(category, nan_policy))


def expected_number(nan_policy: NanPolicy) -> str:
    return "a finite number" + _or_missing(nan_policy)


def expected_word(category: Category, nan_policy: NanPolicy) -> str:
    known = listed(category.words)
    return (f"one of {known}" if category.others == "reject" else f"a word, such as {known}") + _or_missing(nan_policy)


def _or_missing(nan_policy: NanPolicy) -> str:
    return ", or null for a missing value" if nan_policy == "allow" else ""
