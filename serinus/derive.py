"""Features made of other fields: a small fixed vocabulary of functions of numbers.

A date is a number here: days since 1970-01-01. What is made of a missing value, NaN, is missing too, and what is made
of bad input, infinity, is bad input.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

EPOCH = date(1970, 1, 1).toordinal()
DAYS_PER_YEAR = 365.2425  # the mean year of the Gregorian calendar


@dataclass(frozen=True)
class Derivation:
    """of: what its arguments are, dates or numbers; function: of as many finite float64 to one.

    columns: the same of arrays, where it is plain arithmetic, and so the same to the last bit
    """

    of: tuple[str, ...]
    function: Callable[..., float]
    meaning: str
    columns: Callable[..., NDArray[np.float64]] | None = None

    def __call__(self, *arguments: float) -> float:
        if all(map(math.isfinite, arguments)):
            return self.function(*arguments)
        return math.inf if any(map(math.isinf, arguments)) else math.nan


def day(days: float) -> date:
    """The date that is `days` after 1970-01-01."""
    return date.fromordinal(int(days) + EPOCH)


def days(of: date) -> float:
    """How many days `of` is after 1970-01-01."""
    return float(of.toordinal() - EPOCH)


def _day_of_year(days: float) -> float:
    found = day(days)
    return float(found.toordinal() - date(found.year, 1, 1).toordinal() + 1)


def _angle(days: float) -> float:
    return 2 * math.pi * (_day_of_year(days) - 1) / DAYS_PER_YEAR


DERIVATIONS = {
    "year": Derivation(("date",), lambda d: float(day(d).year), "2021 of 2021-10-07"),
    "month": Derivation(("date",), lambda d: float(day(d).month), "1 to 12"),
    "day_of_month": Derivation(("date",), lambda d: float(day(d).day), "1 to 31"),
    "day_of_year": Derivation(("date",), _day_of_year, "1 to 366"),
    "day_of_week": Derivation(("date",), lambda d: float(day(d).isoweekday()), "1 (Monday) to 7 (Sunday)"),
    "sine_of_year": Derivation(("date",), lambda d: math.sin(_angle(d)), "sin(2 pi (day of year - 1) / 365.2425)"),
    "cosine_of_year": Derivation(("date",), lambda d: math.cos(_angle(d)), "cos(2 pi (day of year - 1) / 365.2425)"),
    "days_between": Derivation(
        ("date", "date"),
        lambda a, b: b - a,
        "days from the first date to the second",
        lambda a, b: b - a,
    ),
    "difference": Derivation(
        ("number", "number"),
        lambda a, b: a - b,
        "the first less the second",
        lambda a, b: a - b,
    ),
    "ratio": Derivation(
        ("number", "number"),
        lambda a, b: a / b if b else math.nan,
        "the first over the second; missing over 0",
        lambda a, b: np.divide(a, b, out=np.full(len(a), np.nan), where=b != 0),
    ),
    "log1p": Derivation(
        ("number",),
        lambda a: math.log1p(a) if a > -1 else math.nan,
        "the logarithm of 1 + it; missing up to -1",
    ),
}
