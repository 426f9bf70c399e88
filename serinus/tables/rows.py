"""The rows that a service makes of a table: what it learns from is what it answers, online and in bulk."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from serinus.bulk.columns import match_fields
from serinus.bulk.text_columns import of_text
from serinus.bulk.typed_columns import of_column
from serinus.category import REFUSED
from serinus.errors import JobError
from serinus.field_columns import Column, column_numbers
from serinus.record import Form
from serinus.schema import Rows, refused
from serinus.service import Service
from serinus.tables.table import Table, TableError

EXAMPLES = 3


@dataclass(frozen=True)
class Read:
    """rows: float32 [N, F] of all rows of a table, infinite where a value is bad input."""

    source: Path
    service: Service
    form: Form
    columns: Mapping[str, Column]
    rows: Rows

    @cached_property
    def good(self) -> NDArray[np.bool_]:
        """Which rows are good input."""
        return ~refused(self.rows, "allow")

    @cached_property
    def bad(self) -> dict[str, int]:
        """How many rows each field refused."""
        if self.good.all():
            return {}
        wrong = {field.name: self._refused_by(field.name) for field in self.form.needed}
        told = np.any([*wrong.values()], axis=0)  # what is derived of a bad value is not told of again
        made = zip(self.form.names, self.rows.T, strict=True)
        wrong |= {name: ~told & np.isinf(numbers) for name, numbers in made if name not in wrong}
        return {name: int(rows.sum()) for name, rows in wrong.items() if rows.any()}

    def check(self) -> None:
        """TableError when more rows are bad input than a bulk job of the service may have."""
        share = 1 - float(self.good.mean())
        if share <= self.service.bulk.max_bad_rate:
            return
        by_field = ", ".join(f"{name} in {count:,}" for name, count in self.bad.items())
        examples = "" if self.service.privacy.personal else f"; such as {'; '.join(self._examples())}"
        raise TableError(
            f"{self.source}: {share:.1%} of {len(self.rows):,} rows are not what the service's fields say: "
            f"{by_field}{examples}"
        )

    def _refused_by(self, name: str) -> NDArray[np.bool_]:
        field = next(field for field in self.form.needed if field.name == name)
        return np.asarray(column_numbers(field, self.columns[name], self.form.missing) == REFUSED)

    def _examples(self) -> Iterator[str]:
        for row in np.flatnonzero(~self.good)[:EXAMPLES].tolist():
            yield from (f"row {row + 1}: {problem}" for problem in self.form.problems(self.columns, row)[:1])


def rows_of(service: Service, table: Table | pa.Table) -> Read:
    """Of `table`, which has a column for every field that features are made of; TableError where it has not.

    Whoever simulates makes an Arrow table, whose columns have types.
    """
    held = Table(Path("the table"), table) if isinstance(table, pa.Table) else table
    form = Form.of(service.input, "allow")
    try:
        match_fields(held.found, form, keep=(), taken=())
    except JobError as error:
        raise TableError(f"{held.source}: {error}") from error
    columns: dict[str, Column] = {
        field.name: of_text(held.column(field.name), field, form.missing)
        if held.as_text
        else of_column(held.column(field.name), field)
        for field in form.needed
    }
    return Read(held.source, service, form, columns, form.rows(columns))
