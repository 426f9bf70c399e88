"""What can go wrong, as one short tree.

SerinusError
  BundleError     a bundle is missing, altered, or of another shape than its metadata says
  ServiceError    a service.toml says something that cannot be, or that its bundles contradict
  UnknownModel    a name that is no model of the service
  InputError      the caller sent rows this service cannot take; says which fields, what they held, what was expected
    UnknownEntity   all is well with the rows, but nothing is stored of what they name
  JobError        a bulk job cannot start, go on, or be trusted
  RegistryError   the registry does not hold what is asked for, refuses a change, or was altered
  ReleaseError    a version cannot be released or taken back, or what was done is not what is there now
  StoreDown       a feature store does not answer, or not in time; says when to ask again
  ExperimentError the arms, shares or counts of an experiment cannot be
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Shown = str | int | float | bool | None
LONGEST_SHOWN = 60
MOST_LISTED = 5
LARGEST_INTEGER = 2**63


class SerinusError(Exception):
    """Every error this package raises on purpose."""


class BundleError(SerinusError):
    pass


class ServiceError(SerinusError):
    pass


class JobError(SerinusError):
    pass


class RegistryError(SerinusError):
    pass


class ReleaseError(SerinusError):
    pass


class ExperimentError(SerinusError):
    pass


class StoreDown(SerinusError):
    def __init__(self, message: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnknownModel(SerinusError):
    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"no model is named {name!r}; expected one of: {', '.join(known)}")
        self.name = name
        self.known = tuple(known)


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: where it stood, what stood there, what belongs there.

    expected: in words of the service alone; nothing of the caller's, as it is told where values are not
    """

    field: str
    value: Shown
    expected: str

    def __str__(self) -> str:
        return f"{self.field}: got {self.value!r}, expected {self.expected}"


class InputError(SerinusError):
    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


class UnknownEntity(InputError):
    pass


def shown(value: object) -> Shown:
    """`value` as every JSON writer takes it: a scalar as it is or as short text, the rest named by kind."""
    match value:
        case None | bool():
            fit: Shown = value
        case int():
            fit = value if abs(value) < LARGEST_INTEGER else short(str(value))
        case float():
            fit = value if math.isfinite(value) else str(value)
        case str():
            fit = short(value)
        case list() | tuple():
            fit = f"a list of {len(value)}"
        case dict():
            fit = f"an object of {len(value)} members"
        case _:
            fit = f"a {type(value).__name__}"
    return fit


def short(text: str) -> str:
    """`text` cut where it gets long, and without lone surrogates, which JSON can spell and UTF-8 cannot."""
    start = text[:LONGEST_SHOWN].encode("utf-8", "backslashreplace").decode()
    return start if len(text) <= LONGEST_SHOWN else start + "..."


def listed(names: Sequence[str]) -> str:
    """The first of `names`, quoted and as short text, and how many more there are."""
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(repr(short(name)) for name in names[:MOST_LISTED]) + more
