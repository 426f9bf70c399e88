"""What a table of somebody's own says of each row: whether it happened, and whose it is."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from serinus.errors import listed
from serinus.tables.table import Table, TableError


@dataclass(frozen=True)
class Told:
    """Which rows of a table were followed by what is to be predicted: labels[1] where `happened`."""

    happened: NDArray[np.bool_]
    labels: tuple[str, str]


def filled(table: Table, name: str, missing: Collection[str]) -> pa.ChunkedArray:
    """A column that must say something in every row, as texts."""
    said = table.texts(name)
    empty = pc.sum(pc.is_in(said, value_set=pa.array(["", *missing], pa.string()))).as_py()
    if empty:
        raise TableError(f"column {name} has no value in {empty:,} rows: leave them out with --without {name}=...")
    return said


def told(table: Table, target: str, positive: str | None, missing: Collection[str] = ()) -> Told:
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
