"""What to learn from: rows made by the very code that serves them, and the yield of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from serinus.errors import listed
from serinus.field_columns import Column, Distinct
from serinus.record import Form
from serinus.schema import Rows, refused
from serinus.service import Service
from services.nuru.evaluation import Values
from services.nuru.simulator import TARGET, Columns
from services.nuru.table import Table, TableError


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
    rows = Form.of(service.input, "allow").rows({name: _column(of) for name, of in harvests.items() if name != TARGET})
    yields = harvests[TARGET].astype(np.float64)
    return Lesson(service, rows, yields, harvests["plot_id"], {"dataset_version": dataset})


def of_table(service: Service, table: Table, goal: Goal) -> Lesson:
    """The rows of `table` that are good input and whose yield is known and possible; most of them must be."""
    truth = _truth(table, goal)
    form = Form.of(service.input, "allow")
    columns: dict[str, Column] = {field.name: table.column(field.name) for field in form.needed}
    rows = form.rows(columns)
    is_bad, is_known = refused(rows, "allow"), ~np.isnan(truth)
    is_possible = (goal.between[0] <= truth) & (truth <= goal.between[1])
    kept = np.flatnonzero(is_known & is_possible & ~is_bad)
    left_out = {f"no {goal.target}": ~is_known, "an impossible yield": is_known & ~is_possible, "bad input": is_bad}
    if is_bad.mean() > service.bulk.max_bad_rate or not len(kept):
        raise TableError(f"{table.source}: {_refusal(form, columns, is_bad, len(kept))}")
    counts = {why: int(rows_of.sum()) for why, rows_of in left_out.items() if rows_of.any()}
    apart = goal.apart or (service.features.entity if service.features else None)
    groups = _alike(rows[kept]) if apart is None else _alike_in(table, apart)[kept]
    return Lesson(
        service,
        rows[kept],
        truth[kept],
        groups,
        facts={"dataset_version": table.source.name, **goal.facts, "left_out": dict(counts)},
        left_out=counts,
        source={table.source.name: table.digest},
    )


def _column(column: NDArray[np.generic]) -> Column:
    return column.astype(np.float64) if column.dtype.kind == "f" else Distinct.of(column.tolist())


def _truth(table: Table, goal: Goal) -> Values:
    """NaN where there is no number."""
    truth = _numbers(table, goal.target)
    if goal.per is None:
        return truth
    divisor = _numbers(table, goal.per)
    return np.asarray(np.divide(truth, divisor, out=np.full(len(truth), np.nan), where=divisor > 0))


def _numbers(table: Table, name: str) -> Values:
    return np.fromiter(map(_number, table.cells(name)), np.float64)


def _number(cell: object) -> float:
    try:
        number = float(str(cell))
    except ValueError:
        return np.nan
    return number if np.isfinite(number) else np.nan


def _refusal(form: Form, columns: dict[str, Column], is_bad: NDArray[np.bool_], kept: int) -> str:
    said = f"{is_bad.sum():,} of {len(is_bad):,} rows are bad input, {kept:,} can be learnt from"
    first = list(_problems(form, columns, is_bad))
    return f"{said}; such as {listed(first)}" if first else said


def _problems(form: Form, columns: dict[str, Column], is_bad: NDArray[np.bool_]) -> Iterator[str]:
    for row in np.flatnonzero(is_bad)[:3]:
        yield from (f"row {row + 1}: {problem}" for problem in form.problems(columns, int(row))[:1])


def _alike(rows: Rows) -> NDArray[np.generic]:
    """One number for all rows that are the same: a twin must not help to judge its twin."""
    return np.unique(np.nan_to_num(rows, nan=-np.pi), axis=0, return_inverse=True)[1]


def _alike_in(table: Table, name: str) -> NDArray[np.generic]:
    return np.unique(np.array(list(map(str, table.cells(name)))), return_inverse=True)[1]
