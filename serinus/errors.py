"""What can go wrong, as one short tree.

SerinusError
  BundleError     a bundle is missing, altered, or of another shape than its metadata says
  ServiceError    a service.toml says something that cannot be, or that its bundles contradict
  UnknownModel    a name that is no model of the service
  InputError      the caller sent rows this service cannot take; says which fields, what they held, what was expected
  JobError        a bulk job cannot start, go on, or be trusted
"""

from collections.abc import Sequence
from dataclasses import dataclass

Shown = str | int | float | bool | None
LONGEST_SHOWN = 60


class SerinusError(Exception):
    """Every error this package raises on purpose."""


class BundleError(SerinusError):
    pass


class ServiceError(SerinusError):
    pass


class JobError(SerinusError):
    pass


class UnknownModel(SerinusError):
    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"no model is named {name!r}; expected one of: {', '.join(known)}")
        self.name = name
        self.known = tuple(known)


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: where it stood, what stood there, what belongs there."""

    field: str
    value: Shown
    expected: str

    def __str__(self) -> str:
        return f"{self.field}: got {self.value!r}, expected {self.expected}"


class InputError(SerinusError):
    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


def shown(value: object) -> Shown:
    """`value` as it may appear in a message: scalars as they are, the rest named by kind, nothing long."""
    if value is None or isinstance(value, bool | int | float):
        return value if len(str(value)) <= LONGEST_SHOWN else str(value)[:LONGEST_SHOWN] + "..."
    if isinstance(value, str):
        return value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "..."
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)} members"
    return f"a {type(value).__name__}"
