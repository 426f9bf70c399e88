"""Fields: what a caller may say of one thing to predict, each with its type, range and words; its number in a row.

Every value becomes one float64: a number itself, true 1 and false 0, a word its place among the field's `values`, a
date its days since 1970-01-01. A missing value is NaN, or the field's default; what is bad input becomes REFUSED.
"""

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from serinus import derive
from serinus.category import REFUSED, Category
from serinus.derive import DERIVATIONS
from serinus.errors import Problem, listed, short, shown
from serinus.names import twice

Kind = Literal["float", "integer", "boolean", "string", "date"]
Source = Literal["request", "store", "either"]
Value = bool | int | float | str | None
Bound = float | date | None
LARGEST = 3.4028235e38  # rounds to the largest float32
NUMBERS: tuple[Kind, ...] = ("float", "integer")
HALVES = re.compile("[\ud800-\udfff]")
ISO_DATE = len("2021-10-07")
TRUTHS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}


class _Named(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    description: str = ""
    unit: str | None = None
    feature: bool = True  # whether the models take it; dates never are features, only what is derived of them


class GivenField(_Named):
    """A field that callers, files or the feature store give.

    minimum, maximum: of numbers and dates, both may be reached; values: of strings, the words it may be
    others: "unknown" takes any other word too, as the number -1
    optional: may be missing, and is NaN then; default: what a missing one is instead
    """

    type: Kind
    minimum: Bound = None
    maximum: Bound = None
    values: tuple[str, ...] = ()
    others: Literal["reject", "unknown"] = "reject"
    max_length: int = Field(default=200, gt=0)
    optional: bool = False
    default: Value = None
    source: Source = "request"
    example: Value = None

    @model_validator(mode="after")
    def _agrees(self) -> "GivenField":
        for wrong in filter(None, (self._misplaced(), self._wordless(), self._unlike())):
            raise ValueError(f"field {self.name}: {wrong}")
        return self

    def _misplaced(self) -> str | None:
        bounds = [bound for bound in (self.minimum, self.maximum) if bound is not None]
        fits: Any = {"float": (int, float), "integer": (int, float), "date": date}.get(self.type, ())
        if not all(isinstance(bound, fits) for bound in bounds):
            return f"minimum and maximum of a {self.type} must be {'dates' if self.type == 'date' else 'numbers'}"
        if len(bounds) == 2 and bounds[0] > bounds[1]:  # type: ignore[operator]  # both are of one kind
            return f"minimum {bounds[0]} is above maximum {bounds[1]}"
        return None if self.type == "string" or not self.values else "values belong to a field of type string"

    def _wordless(self) -> str | None:
        if repeated := twice(self.values):
            return f"its values must differ from each other, got {repeated} more than once"
        if self.type == "string" and self.is_feature and not self.values:
            return "a string is a feature only by its values: list them, or say feature = false"
        return None

    def _unlike(self) -> str | None:
        for what, value in (("default", self.default), ("example", self.example)):
            if value is not None and self.number_of(value) == REFUSED:
                return f"{what} {value!r} is not {self.expected}"
        return None

    @property
    def is_feature(self) -> bool:
        return self.feature and self.type != "date"

    @property
    def meaning(self) -> str:
        """What its number means: two fields of one meaning make the same row of the same values."""
        words = f" of {list(self.values)}, others {self.others}" if self.values else ""
        default = "" if self.default is None else f", {self.default!r} where missing"
        return f"a {self.type}{words}{f' in {self.unit}' if self.unit else ''}{default}"

    @property
    def kind(self) -> str:
        return self.type if self.type in ("date", "string") else "number"

    @cached_property
    def category(self) -> Category | None:
        return Category(words=self.values, others=self.others) if self.values else None

    def number(self, value: object) -> float:
        """The number of a value as JSON or Parquet holds it: NaN where it is missing, REFUSED where it is bad."""
        return self.missing if value is None else self.number_of(value)

    @cached_property
    def missing(self) -> float:
        """The number in place of a missing value."""
        if self.default is not None:
            return self.number_of(self.default)
        return math.nan if self.optional else REFUSED

    @cached_property
    def number_of(self) -> Callable[[object], float]:
        """The number of a value that is not missing."""
        readers: dict[Kind, Callable[[object], float]] = {
            "float": self._float,
            "integer": self._integer,
            "boolean": self._boolean,
            "string": self._string,
            "date": self._date,
        }
        return readers[self.type]

    def parsed(self, text: str) -> object:
        """The value that `text`, a cell of a file, means; Python also reads 1_000 and the digits of every script."""
        if self.type == "boolean":
            return TRUTHS.get(text.lower(), text)
        if self.type in NUMBERS:
            try:
                return float(text) if text.isascii() and "_" not in text else text
            except ValueError:
                return text
        return text

    def written(self, number: float) -> Value:
        """The value that has this number, as a caller would write it; a word that is not known is not known here."""
        if math.isnan(number):
            return None
        if self.type == "date":
            return derive.day(number).isoformat()
        if self.category is not None:
            return self.values[int(number)] if number >= 0 else None
        if self.type == "boolean":
            return bool(number)
        return int(number) if self.type == "integer" else number

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Least and largest number."""
        low, high = (derive.days(b) if isinstance(b, date) else b for b in (self.minimum, self.maximum))
        return (-LARGEST if low is None else low), (LARGEST if high is None else high)

    def problem(self, value: object, at: str) -> Problem:
        """What is wrong with `value`, which is bad input."""
        return Problem(at, shown(value), self.expected)

    @cached_property
    def expected(self) -> str:
        missing = ", or null for a missing value" if self.optional or self.default is not None else ""
        return self._expected + missing

    @property
    def _expected(self) -> str:
        unit = f" ({self.unit})" if self.unit else ""
        if self.type == "boolean":
            return "true or false"
        if self.type == "string" and self.others == "reject" and self.values:
            return f"one of {listed(self.values)}"
        if self.type == "string":
            like = f", such as {listed(self.values)}" if self.values else ""
            return f"a text of 1 to {self.max_length} characters{like}"
        what = {"float": "a number", "integer": "a whole number", "date": "a date such as 2021-10-07"}[self.type]
        return what + self._range + unit

    @property
    def _range(self) -> str:
        low, high = (b.isoformat() if isinstance(b, date) else _plain(b) for b in (self.minimum, self.maximum))
        if low and high:
            return f" from {low} to {high}"
        if low or high:
            return f" of at least {low}" if low else f" of at most {high}"
        return ""

    def _float(self, value: object) -> float:
        if type(value) is not float and type(value) is not int:
            return REFUSED
        low, high = self.limits
        return float(value) if low <= value <= high else REFUSED

    def _integer(self, value: object) -> float:
        number = self._float(value)
        return number if number == REFUSED or number.is_integer() else REFUSED

    def _boolean(self, value: object) -> float:
        return float(value) if isinstance(value, bool) else REFUSED

    def _string(self, value: object) -> float:
        if not isinstance(value, str) or not 0 < len(value) <= self.max_length or _is_cut(value):
            return REFUSED
        return self.category.number_of(value) if self.category else 0.0

    def _date(self, value: object) -> float:
        if isinstance(value, str):
            value = _iso(value)
        if not isinstance(value, date) or isinstance(value, datetime):
            return REFUSED
        low, high = self.limits
        return number if low <= (number := derive.days(value)) <= high else REFUSED


class DerivedField(_Named):
    """A feature made of other fields; callers never say it. of: their names, in the order of the derivation."""

    derive: str
    of: tuple[str, ...]

    @model_validator(mode="after")
    def _agrees(self) -> "DerivedField":
        if self.derive not in DERIVATIONS:
            raise ValueError(f"field {self.name}: derive {self.derive!r} is none of {', '.join(DERIVATIONS)}")
        wanted = DERIVATIONS[self.derive].of
        if len(self.of) != len(wanted):
            raise ValueError(f"field {self.name}: {self.derive} is of {len(wanted)} fields, got {list(self.of)}")
        return self

    @property
    def is_feature(self) -> bool:
        return self.feature

    @property
    def meaning(self) -> str:
        """What its number means: two fields of one meaning make the same row of the same values."""
        return f"the {self.derive} of {', '.join(self.of)}"

    @property
    def kind(self) -> str:
        return "number"


def _which(value: Any) -> str:
    derived = "derive" in value if isinstance(value, dict) else isinstance(value, DerivedField)
    return "derived" if derived else "given"


AnyField = Annotated[
    Annotated[GivenField, Tag("given")] | Annotated[DerivedField, Tag("derived")], Discriminator(_which)
]


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == ISO_DATE and text[4] == text[7] == "-" else None
    except ValueError:
        return None


def _is_cut(text: str) -> bool:
    """Whether half a character is in `text`, which JSON can spell and an answer cannot say."""
    return not text.isascii() and HALVES.search(text) is not None


def _plain(bound: float | None) -> str:
    return "" if bound is None else short(f"{bound:.15g}")
