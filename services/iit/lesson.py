"""What to learn from: simulated visits, or a table of somebody's own, as rows of a service's fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from serinus.service import Service
from serinus.tables.rows import Read, rows_of
from serinus.tables.table import Table, TableError
from services.iit.booster import Visits
from services.iit.evaluation import FEWEST
from services.iit.simulator import Cohort
from services.iit.splits import Split, split
from services.iit.tables import Told, filled

PATIENT = "patient_id"
Known: TypeAlias = "tuple[NDArray[np.bool_], NDArray[Any]]"  # of each row: whether it happened, and whose it is


@dataclass(frozen=True)
class Wishes:
    """What somebody says of the table in `data`. target: the column to predict; positive: its word for that it happened

    labels: what answers call the other outcome and this one; group: the column that says whose row each is
    words: columns of codes that look like numbers; without: rows that are left out, by column and word
    """

    data: Path
    target: str
    positive: str | None = None
    labels: tuple[str, str] | None = None
    group: str | None = None
    leave_out: Sequence[str] = ()
    words: Sequence[str] = ()
    missing: Sequence[str] = ()
    without: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def no_features(self) -> list[str]:
        return [name for name in dict.fromkeys((self.target, self.group, *self.leave_out)) if name is not None]


@dataclass(frozen=True)
class Origin:
    """What the data is called, and whether it is about people who are alive."""

    name: str
    is_real: bool


@dataclass(frozen=True)
class Lesson:
    """visits: the good rows; places: of these, in the data; bad: how many rows each field refused."""

    origin: Origin
    service: Service
    visits: Visits
    places: NDArray[np.int64]
    split: Split
    bad: Mapping[str, int]


def of_cohort(cohort: Cohort, service: Service, *, seed: int) -> Lesson:
    read = rows_of(service, cohort.visits)
    whose = np.array(cohort.visits[PATIENT].to_pylist())
    return _lesson(Origin(f"simulated, seed {seed}", is_real=False), service, read, (cohort.interrupted, whose), seed)


def of_table(table: Table, told: Told, service: Service, wishes: Wishes, *, seed: int) -> Lesson:
    """`table` read by the fields of `service`."""
    read = rows_of(service, table)
    read.check()
    if wishes.group is None:
        whose = np.arange(len(table))
    else:
        filled(table, wishes.group, service.input.missing)
        whose = table.codes(wishes.group)
    return _lesson(Origin(wishes.data.name, is_real=True), service, read, (told.happened, whose), seed)


def _lesson(origin: Origin, service: Service, read: Read, known: Known, seed: int) -> Lesson:
    happened, whose = (each[read.good] for each in known)
    parts = split(whose, seed=seed)
    _check_enough(happened, parts)
    visits = Visits(read.rows[read.good], happened)
    return Lesson(origin, service, visits, np.flatnonzero(read.good), parts, read.bad)


def _check_enough(happened: NDArray[np.bool_], parts: Split) -> None:
    for name, places in vars(parts).items():
        fewest = min(happened[places].sum(), (~happened[places]).sum())
        if fewest < FEWEST:
            raise TableError(
                f"{fewest} rows of one outcome are too few for the part {name}: expected at least {FEWEST}"
            )
