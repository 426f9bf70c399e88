"""Records, named values of one thing to predict, into float32 rows: one record of a request, or columns of a file.

Both ways go through `GivenField.number`, or for columns of numbers through the same limits, and through the same
derivations: what a model was trained on, is proven on, answers online and scores in bulk are the same rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan
from operator import itemgetter
from typing import Any, Literal, Self

import numpy as np

from serinus.category import REFUSED
from serinus.derive import DERIVATIONS, Derivation
from serinus.errors import InputError, Problem, listed, short, shown
from serinus.field_columns import Column, cell, column_numbers, derived_column, only
from serinus.fields import DerivedField, GivenField, Value
from serinus.rows import MOST_PROBLEMS
from serinus.schema import OVERFLOWS, NanPolicy, Rows
from serinus.sections import Input

EXACT = 2.0**53  # from here on a float may stand for another whole number than was written
Kept = Literal["store", "stale"]
Origin = Literal["request", "store", "stale", "default", "missing", "derived"]
Step = tuple[int, Callable[[object], float]]


@dataclass(frozen=True, slots=True)
class Filled:
    """A record that was read. row: float32 [1, F]; used, sources: what each feature is, and where that comes from."""

    row: Rows
    used: dict[str, Value]
    sources: dict[str, Origin]


@dataclass(frozen=True, slots=True)
class Base:
    """Of each given field its number, its value and where that comes from, before a record says anything."""

    numbers: list[float]
    values: list[object]
    origins: list[Origin]


@dataclass(frozen=True)
class Form:
    """What a record is to a service, and how it becomes a row.

    given: the fields somebody says; derived: those made of them; taken: where each feature stands among the two
    missing: texts that mean that there is no value
    """

    given: tuple[GivenField, ...]
    derived: tuple[DerivedField, ...]
    taken: tuple[int, ...]
    missing: frozenset[str]
    nan_policy: NanPolicy

    @classmethod
    def of(cls, said: Input, nan_policy: NanPolicy) -> Self:
        names = [field.name for field in (*said.given, *said.derived)]
        return cls(said.given, said.derived, tuple(map(names.index, said.names)), said.missing, nan_policy)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features, in the models' order."""
        every = [field.name for field in (*self.given, *self.derived)]
        return tuple(every[place] for place in self.taken)

    @cached_property
    def needed(self) -> tuple[GivenField, ...]:
        """The fields that features are made of, in their order: what a file must have as columns."""
        used = {*self.names, *(name for field in self.derived for name in field.of)}
        return tuple(field for field in self.given if field.name in used)

    def value(self, record: Mapping[str, object], name: str) -> object:
        """What `record` says under `name`; None where that means nothing."""
        value = record.get(name)
        return None if isinstance(value, str) and value in self.missing else value

    def asks_store(self, record: Mapping[str, object]) -> bool:
        """Whether the store has to say what `record` leaves out."""
        return any(self.value(record, name) is None for name in self._stored)

    def entity(self, record: Mapping[str, object], name: str, at: str = "") -> str:
        """Whose features belong to `record`; InputError when it does not say so well."""
        field = self._by_name[name]
        value = self.value(record, name)
        if value is None or field.number_of(value) == REFUSED or (type(value) is float and abs(value) >= EXACT):
            raise InputError([field.problem(value, at + name)])
        return str(int(value)) if isinstance(value, float) else str(value)

    def base(self, stored: Mapping[str, Value] | None = None, kept: Kept = "store") -> "Base":
        """What is known before a record says anything; made once of what is `stored`, and read with many records."""
        numbers, values, origins = [], [], []
        for field in self.given:
            value, origin = _unsaid(self, field, stored or {}, kept)
            numbers.append(field.number(value))
            values.append(value)
            origins.append(origin)
        return Base(numbers, values, origins)

    def read(self, record: Mapping[str, object], base: "Base | None" = None, at: str = "") -> Filled:
        """`record`, which a request holds `at` a place, on top of `base`; InputError says what is wrong."""
        base = base or self._blank
        numbers, values, origins = [*base.numbers], [*base.values], [*base.origins]
        blank, steps, strange = self.missing, self._steps, False
        for name, value in record.items():
            if name not in steps:
                strange = True
            elif value is not None and not (type(value) is str and value in blank):
                place, number_of = steps[name]
                numbers[place], values[place], origins[place] = number_of(value), value, "request"
        if strange or REFUSED in numbers:
            raise InputError(_problems(self, record, numbers, list(zip(values, origins, strict=True)), at))
        return _filled(self, numbers, values, origins, at)

    def rows(self, columns: Mapping[str, Column]) -> Rows:
        """float32 [N, F] of `columns`, which hold all fields that are `needed`: infinite where a value is bad input."""
        numbers = {field.name: column_numbers(field, columns[field.name], self.missing) for field in self.needed}
        for field in self.derived:
            numbers[field.name] = derived_column(field, [numbers[name] for name in field.of])
        with np.errstate(over="ignore"):
            return np.stack([numbers[name] for name in self.names], axis=1).astype(np.float32)

    def problems(self, columns: Mapping[str, Column], row: int) -> list[Problem]:
        """What is wrong with one row of `columns`."""
        record = {field.name: cell(field, columns[field.name], row) for field in self.needed}
        try:
            self._of_files.read(record)
        except InputError as error:
            return list(error.problems)
        return list(_valueless(self, self.rows({name: only(column, row) for name, column in columns.items()}), ""))

    @cached_property
    def _steps(self) -> dict[str, Step]:
        """Where each field stands that a caller may say, and how it is read."""
        every = enumerate(self.given)
        return {field.name: (place, field.number_of) for place, field in every if field.source != "store"}

    @cached_property
    def _by_name(self) -> dict[str, GivenField]:
        return {field.name: field for field in self.given}

    @cached_property
    def _stored(self) -> tuple[str, ...]:
        """What the store may say."""
        return tuple(field.name for field in self.given if field.source != "request")

    @cached_property
    def _blank(self) -> "Base":
        return self.base()

    @cached_property
    def _derivations(self) -> list[tuple[Derivation, tuple[int, ...]]]:
        """Of each derived field, what it is of the fields at which places."""
        places = {field.name: place for place, field in enumerate(self.given)}
        return [(DERIVATIONS[field.derive], tuple(places[name] for name in field.of)) for field in self.derived]

    @cached_property
    def known(self) -> frozenset[str]:
        """What a caller may say."""
        return frozenset(field.name for field in self.given if field.source != "store")

    @cached_property
    def take(self) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """Of what belongs to the given and the derived fields, what belongs to the features."""
        places = self.taken
        return itemgetter(*places) if len(places) > 1 else lambda every: [every[place] for place in places]

    @cached_property
    def _of_files(self) -> "Form":
        """The same where a file says all that is needed."""
        given = tuple(field.model_copy(update={"source": "request"}) for field in self.needed)
        return Form(given, self.derived, (), self.missing, self.nan_policy)


def _strange(form: Form, record: Mapping[str, object], at: str) -> list[Problem]:
    """The members of `record` that are none of a caller's fields."""
    made = {field.name: f"nothing: it is made of {', '.join(field.of)}" for field in form.derived}
    kept = {field.name: "nothing: it is kept in the feature store" for field in form.given if field.source == "store"}
    meant = f"one of the fields {', '.join(field.name for field in form.given if field.source != 'store')}"
    told = made | kept
    return [
        Problem(at + short(name), shown(value), told.get(name, meant))
        for name, value in record.items()
        if name not in form.known
    ]


def _problems(
    form: Form, record: Mapping[str, object], numbers: list[float], said: list[tuple[object, Origin]], at: str
) -> list[Problem]:
    """What is wrong with `record`; `said`: the value of each given field, and where that comes from."""
    read = zip(form.given, numbers, said, strict=True)
    bad = [_problem(field, value, at, origin) for field, number, (value, origin) in read if number == REFUSED]
    return [*_strange(form, record, at), *bad][:MOST_PROBLEMS]


def _problem(field: GivenField, value: object, at: str, origin: Origin) -> Problem:
    if origin in ("store", "stale"):
        return Problem(at + field.name, shown(value), f"{field.expected}; so says the feature store: send another")
    if field.source != "request":
        return Problem(at + field.name, shown(value), f"{field.expected}, in the request or in the feature store")
    return field.problem(value, at + field.name)


def _unsaid(form: Form, field: GivenField, stored: Mapping[str, Value], kept: Kept) -> tuple[object, Origin]:
    """The value of `field` where a record says nothing."""
    value = form.value(stored, field.name) if field.source != "request" else None
    if value is not None:
        return value, kept
    return field.default, "missing" if field.default is None else "default"


def _filled(form: Form, numbers: list[float], values: list[object], origins: list[Origin], at: str) -> Filled:
    derived = [derivation(*[numbers[place] for place in places]) for derivation, places in form._derivations]
    told = [number for number in derived if not isnan(number)]
    if not all(-OVERFLOWS < number < OVERFLOWS for number in told) or (told != derived and form.nan_policy == "reject"):
        _check(form, derived, at)
    row = np.array([form.take(numbers + derived)], np.float64).astype(np.float32)
    said = values + [None if isnan(number) else number for number in derived]
    used = dict(zip(form.names, form.take(said), strict=True))
    whence = form.take(origins + ["derived"] * len(derived))
    return Filled(row, used, dict(zip(form.names, whence, strict=True)))


def _check(form: Form, derived: Sequence[float], at: str) -> None:
    with np.errstate(over="ignore"):
        row = np.array([form.take([*[0.0] * len(form.given), *derived])], np.float64).astype(np.float32)
    if problems := list(_valueless(form, row, at)):
        raise InputError(problems)


def _valueless(form: Form, row: Rows, at: str) -> list[Problem]:
    """What is derived but has no value the models take, though all it is made of is good."""
    if np.isfinite(row).all():
        return []
    bad = np.isinf(row[0]) if form.nan_policy == "allow" else ~np.isfinite(row[0])
    derived = {field.name: field for field in form.derived}
    return [
        Problem(at + name, None, f"a value; it is the {derived[name].derive} of {listed(derived[name].of)}")
        for name in np.array(form.names, object)[bad]
        if name in derived
    ]
