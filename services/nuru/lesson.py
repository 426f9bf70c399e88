"""What to learn from: rows made by the very code that serves them, and the yield of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import JsonValue

from serinus.schema import Rows
from serinus.service import Service
from serinus.tables.rows import rows_of
from serinus.tables.table import Table, TableError
from services.nuru.evaluation import Values
from services.nuru.simulator import TARGET, Columns


@dataclass(frozen=True)
class Goal:
    """target: the column to predict; per: what it is divided by, as an area; between: what is possible.
    apart: a column whose every value is either learnt from or judged by, as a district

    What was measured impossibly is not learnt: a yield ten times the record is a slip of the pen.
    """

    target: str
    per: str | None = None
    between: tuple[float, float] = (-np.inf, np.inf)
    apart: str | None = None

    @property
    def facts(self) -> dict[str, JsonValue]:
        """What makes figures look better or worse than others."""
        possible: list[JsonValue] = [limit if np.isfinite(limit) else None for limit in self.between]
        told: dict[str, JsonValue] = {
            "target": self.target,
            "divided_by": self.per,
            "possible": possible,
            "kept_apart": self.apart,
        }
        return {name: value for name, value in told.items() if value not in (None, [None, None])}


@dataclass(frozen=True)
class Lesson:
    """groups: rows of one group are never parted between learning and judging; left_out: how many rows, by reason.

    facts: of the data, for the metadata; source: the name of its file, and its SHA-256
    """

    service: Service
    rows: Rows
    truth: Values
    groups: NDArray[np.generic]
    facts: Mapping[str, JsonValue]
    left_out: Mapping[str, int] = field(default_factory=dict)
    source: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def names(self) -> tuple[str, ...]:
        return self.service.input.names

    @property
    def words(self) -> list[int]:
        """The places of features that are numbers of words."""
        return [self.names.index(field.name) for field in self.service.input.given if field.is_feature and field.values]

    def only(self, places: NDArray[np.int64]) -> "Lesson":
        return replace(self, rows=self.rows[places], truth=self.truth[places], groups=self.groups[places])


def of_simulation(service: Service, harvests: Columns, dataset: str) -> Lesson:
    columns = {name: pa.array(of, from_pandas=True) for name, of in harvests.items() if name != TARGET}
    yields = harvests[TARGET].astype(np.float64)
    return Lesson(
        service, rows_of(service, pa.table(columns)).rows, yields, harvests["plot_id"], {"dataset_version": dataset}
    )


def of_table(service: Service, table: Table, goal: Goal) -> Lesson:
    """The rows of `table` that are good input and whose yield is known and possible; most of them must be."""
    truth = _truth(table, goal)
    read = rows_of(service, table)
    read.check()
    is_known = ~np.isnan(truth)
    is_possible = (goal.between[0] <= truth) & (truth <= goal.between[1])
    kept = np.flatnonzero(is_known & is_possible & read.good)
    left_out = {f"no {goal.target}": ~is_known, "an impossible yield": is_known & ~is_possible, "bad input": ~read.good}
    if not len(kept):
        raise TableError(f"{table.source}: none of {len(table):,} rows has a yield that is known and possible")
    counts = {why: int(which.sum()) for why, which in left_out.items() if which.any()}
    apart = goal.apart or (service.features.entity if service.features else None)
    groups = _alike(read.rows[kept]) if apart is None else table.codes(apart)[kept]
    return Lesson(
        service,
        read.rows[kept],
        truth[kept],
        groups,
        facts={"dataset_version": table.source.name, **goal.facts, "left_out": dict(counts)},
        left_out=counts,
        source={table.source.name: table.digest},
    )


def _truth(table: Table, goal: Goal) -> Values:
    """NaN where there is no number."""
    truth = table.numbers(goal.target)
    if goal.per is None:
        return truth
    divisor = table.numbers(goal.per)
    return np.asarray(np.divide(truth, divisor, out=np.full(len(truth), np.nan), where=divisor > 0))


def _alike(rows: Rows) -> NDArray[np.generic]:
    """One number for all rows that are the same: a twin must not help to judge its twin."""
    return np.unique(np.nan_to_num(rows, nan=-np.pi), axis=0, return_inverse=True)[1]
