"""A table of somebody's own: every cell as the text it is, so that nothing is guessed before the fields are known."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from serinus.errors import listed
from serinus.names import twice
from services.iit.forms import TableError

SUFFIXES = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True)
class Told:
    """Which rows of a table were followed by what is to be predicted: labels[1] where `happened`."""

    happened: NDArray[np.bool_]
    labels: tuple[str, str]


def read(path: Path) -> pa.Table:
    """The cells of a CSV or Parquet file as texts, an empty one where there is no value."""
    if not path.name.endswith(SUFFIXES):
        raise TableError(f"cannot read {path}: expected a file ending in {', '.join(SUFFIXES)}")
    try:
        table = pa.parquet.read_table(path) if path.suffix == ".parquet" else _csv(path)
        texts = [pc.fill_null(column.cast(pa.string()), "") for column in table.columns]
    except (OSError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise TableError(f"cannot read {path}: {error}") from error
    if repeated := twice(table.column_names):
        raise TableError(f"{path}: the columns {listed(repeated)} are there more than once")
    if not len(table):
        raise TableError(f"{path} has no rows")
    return pa.table(texts, names=table.column_names)


def _csv(path: Path) -> pa.Table:
    lines = pa.csv.ParseOptions(newlines_in_values=True)
    with pa.csv.open_csv(path, parse_options=lines) as opened:
        names = opened.schema.names
    as_text = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    return pa.csv.read_csv(path, parse_options=lines, convert_options=as_text)


def column(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        raise TableError(f"the table has no column {name!r}: it has {listed(table.column_names)}")
    return table[name]


def without(table: pa.Table, unwanted: Mapping[str, Sequence[str]]) -> pa.Table:
    """The rows whose column `name` says none of the words unwanted[name]."""
    for name, words in unwanted.items():
        table = table.filter(pc.invert(pc.is_in(column(table, name), value_set=pa.array(words, pa.string()))))
    if not len(table):
        raise TableError(f"no row is left without {', '.join(unwanted)}")
    return table


def filled(table: pa.Table, name: str, missing: Collection[str]) -> pa.ChunkedArray:
    """A column that must say something in every row."""
    said = column(table, name)
    empty = pc.sum(pc.is_in(said, value_set=pa.array(["", *missing], pa.string()))).as_py()
    if empty:
        raise TableError(f"column {name} has no value in {empty:,} rows: leave them out with --without {name}=...")
    return said


def told(table: pa.Table, target: str, positive: str | None, missing: Collection[str] = ()) -> Told:
    """What the column `target` says: that it happened where it says `positive`, which 1 and 0 need not be told."""
    said = filled(table, target, missing)
    known = sorted(pc.unique(said).to_pylist())
    wanted = "1" if positive is None and set(known) == {"0", "1"} else positive
    if wanted is None:
        raise TableError(f"column {target} holds {listed(known)}: say with --positive which of them is to be predicted")
    if wanted not in known or len(known) < 2:
        raise TableError(f"column {target} must hold {wanted!r} and something else, it holds {listed(known)}")
    others = known[1 - known.index(wanted)] if len(known) == 2 else f"not {wanted}"
    return Told(pc.equal(said, wanted).to_numpy(), (others, wanted))
