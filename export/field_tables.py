"""A table of a service's fields as a sample: read as bulk jobs read it, and every row of it must be good."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from export import tables
from export.errors import ExportError, Refused
from export.extras import need
from export.samples import Sample, digest
from serinus.errors import JobError
from serinus.record import Form
from serinus.schema import refused

if TYPE_CHECKING:
    from serinus.bulk.chunk import BadRow, Contents, Reading
    from serinus.bulk.sources import Source

BAD_SHOWN = 5


@dataclass(frozen=True)
class FieldTable:
    """A file with a column for every field.

    target: the column that holds the truth; truth_is_words: names of classes, or numbers that stand for them
    is_personal: whether what is said of bad rows must say no value
    """

    source: Path
    form: Form
    target: str | None = None
    truth_is_words: bool = True
    is_personal: bool = False


def sample_of_fields(table: FieldTable) -> tuple[Sample, tuple[str, ...]]:
    """The rows of a table and their truth, and the columns that are neither fields nor the truth."""
    need("pyarrow", extra="bulk")
    if table.target in [field.name for field in table.form.needed]:
        raise Refused(f"{table.target} is a field of the service, and cannot be the truth as well")
    try:
        with TemporaryDirectory(prefix="serinus-") as scratch:
            source, reading, ignored = _opened(table, Path(scratch))
            parts = [chunk.read() for chunk in source.chunks(reading)]
    except JobError as error:
        raise ExportError(f"cannot read {table.source}: {error}") from error
    _check(table, parts)
    rows = np.concatenate([np.asarray(part.numbers, np.float32) for part in parts])
    truth = _truth(table, parts) if reading.columns.ids else None
    return Sample(rows, table.form.names, truth, digest(table.source)), ignored


def _opened(table: FieldTable, scratch: Path) -> "tuple[Source, Reading, tuple[str, ...]]":
    from serinus.bulk.chunk import Reading  # here, so that a missing pyarrow is reported as such
    from serinus.bulk.columns import match_fields
    from serinus.bulk.sources import Cut, open_source

    source = open_source(table.source, Cut())
    matched = match_fields(source.found, table.form, keep=(), taken=())
    kept = tuple(name for name in matched.ids if name == table.target)
    if table.target in matched.left_out:
        raise Refused(f"{table.source} has more than one column {table.target}")
    columns = replace(matched, ids=kept, drops_others=True)
    ignored = tuple(name for name in (*matched.ids, *matched.left_out) if name != table.target)
    return source, Reading(columns, table.form.nan_policy, scratch, workers=1, form=table.form), ignored


def _check(table: FieldTable, parts: "Sequence[Contents]") -> None:
    """Refuse bad rows: a sample without them would no longer be like what the model was trained for."""
    bad = sorted((row for part in parts for row in _bad(part, table.form)), key=lambda row: row.line)
    if bad:
        count = sum(part.ids.num_rows + len(part.bad) for part in parts)
        reasons = [f"line {row.line}: {row.reason(personal=table.is_personal)}" for row in bad[:BAD_SHOWN]]
        more = f"; and {len(bad) - BAD_SHOWN:,} more" if len(bad) > BAD_SHOWN else ""
        raise ExportError(f"{table.source}: {len(bad):,} of {count:,} rows are bad. {'; '.join(reasons)}{more}")


def _bad(part: "Contents", form: Form) -> "list[BadRow]":
    rows = np.flatnonzero(refused(np.asarray(part.numbers, np.float32), form.nan_policy)).tolist()
    return [*part.bad, *(part.origin(row).bad(*part.problems(row)) for row in rows if part.problems is not None)]


def _truth(table: FieldTable, parts: "Sequence[Contents]") -> NDArray[Any]:
    import pyarrow as pa

    column = pa.concat_tables([part.ids for part in parts]).column(0)
    words = tables.words(column) if table.truth_is_words else None
    if words is not None:
        return np.array(words, object)
    if pa.types.is_string(column.type):
        column = _counted(table, column)
    numbers = tables.numbers(column)
    if numbers is None:
        expected = "names or numbers of classes" if table.truth_is_words else "numbers"
        raise ExportError(f"{table.source}: column {table.target} holds {column.type}, expected {expected}")
    return numbers


def _counted(table: FieldTable, column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return pc.if_else(pc.equal(column, ""), None, column).cast(pa.float64())
    except pa.ArrowInvalid as error:
        raise ExportError(f"{table.source}: column {table.target} holds texts, expected numbers") from error
