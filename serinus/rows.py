"""A row as a caller writes it, numbers and words by place or by name, read into float32; or what is wrong with it.

This defines the language of rows in JSON; whoever reads faster (`functions.predict.quick_json`) takes less of it.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Self

import numpy as np

from serinus.category import Category
from serinus.errors import Problem, listed, short, shown
from serinus.schema import InputSchema, NanPolicy, Rows, expected_number, problem_with, word_problem

MOST_PROBLEMS = 20
Field = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a row is to a caller. names: of its features, none where they are made up; categories: by place."""

    features: int
    nan_policy: NanPolicy
    names: tuple[str, ...] = ()
    categories: Mapping[int, Category] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: InputSchema, nan_policy: NanPolicy) -> Self:
        return cls(schema.features, nan_policy, schema.names if schema.named else (), schema.categories_by_place)

    @property
    def expected(self) -> str:
        values = "numbers and words" if self.categories else "numbers"
        return f"a list of {self.features} {values}" + (", or an object of them by name" if self.names else "")


class Doubled(dict[str, int]):
    """In place of an object that gives a name more than once: those names, and how often."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of `pairs`, for `json.loads`, which would keep the last of two values without a word."""
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    return Doubled({name: times for name, times in Counter(name for name, _ in pairs).items() if times > 1})


def read(row: object, at: str, layout: Layout) -> tuple[Rows, list[Problem]]:
    """`row`, which a request holds `at` a place, as float32 [1, F]; or what is wrong with it, MOST_PROBLEMS of it."""
    fields, problems = _fields(row, at, layout)
    problems = problems or list(islice(_wrong(fields, layout), MOST_PROBLEMS))
    if problems:
        return np.empty((0, layout.features), np.float32), problems
    values = [value for _, value in fields]
    for place, category in layout.categories.items():
        values[place] = category.number_of(values[place])
    return np.array([values], np.float64).astype(np.float32), []


def _fields(row: Any, at: str, layout: Layout) -> tuple[list[Field], list[Problem]]:
    """The values of `row` in the model's order, each with its place; or what is wrong with its shape."""
    if isinstance(row, list) and len(row) == layout.features:
        return [(f"{at}[{place}]", value) for place, value in enumerate(row)], []
    if not isinstance(row, dict) or not layout.names:
        return [], [Problem(at, shown(row), layout.expected)]
    problems = _misnamed(row, at, layout.names)
    return ([] if problems else [(f"{at}.{name}", row[name]) for name in layout.names]), problems


def _misnamed(row: dict[str, Any], at: str, names: Sequence[str]) -> list[Problem]:
    """Which of the `names` are not there once and alone."""
    if isinstance(row, Doubled):
        doubled = list(row.items())[:MOST_PROBLEMS]
        return [Problem(f"{at}.{short(name)}", f"{times} times", "each name once") for name, times in doubled]
    missing = [name for name in names if name not in row]
    known = set(names)
    unknown = [name for name in row if name not in known]
    meant = f"a feature of the models, such as {listed(missing or names)}"
    return [
        *(Problem(f"{at}.{name}", None, "a value under this name") for name in missing[: MOST_PROBLEMS // 2]),
        *(Problem(f"{at}.{short(name)}", shown(row[name]), meant) for name in unknown[: MOST_PROBLEMS // 2]),
    ]


def _wrong(fields: Sequence[Field], layout: Layout) -> Iterator[Problem]:
    for place, (name, value) in enumerate(fields):
        category = layout.categories.get(place)
        if category is None:
            problem = _number_problem(value, name, layout.nan_policy)
        else:
            problem = word_problem(value, name, category, layout.nan_policy)
        if problem is not None:
            yield problem


def _number_problem(value: object, name: str, nan_policy: NanPolicy) -> Problem | None:
    if value is None and nan_policy == "allow":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Problem(name, shown(value), expected_number(nan_policy))
    try:
        number = float(value)
    except OverflowError:
        number = math.inf if value > 0 else -math.inf
    if math.isnan(number):  # the token NaN, which JSON does not have: missing values are null
        return Problem(name, "NaN", expected_number(nan_policy))
    problem = problem_with(number, name, nan_policy)
    return problem and Problem(name, problem.value if isinstance(value, float) else shown(value), problem.expected)
