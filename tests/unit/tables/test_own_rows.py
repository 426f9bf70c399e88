"""Whatever a table holds: the service that is written for it takes every row of it, from either kind of file."""

import csv
import io
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from serinus import service as services
from serinus.tables.draft import Draft
from serinus.tables.inference import Hints, inferred
from serinus.tables.rows import Read, rows_of
from serinus.tables.table import read

ROWS = 24
WORDS = (
    '?|NA|None|-|null|nan|inf|1e400|1_000|\u0661| 5 |0x1|+3|-0|1e3|.5|5.|True|false|FALSE| |#|[x]|a,b|say "a"|ü|\x7f'
)
DAYS = "2021-10-07|2021-02-30|20211007|2021-10-07 00:00:00|0001-01-01|07/10/2021|12345678901234567890|1e39|\u22121"
ODD = st.sampled_from(["", "two\nlines", *WORDS.split("|"), *DAYS.split("|")])
CELLS = st.one_of(
    ODD,
    st.integers(-(10**6), 10**6).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.dates().map(str),
)
COLUMNS = st.one_of(
    st.lists(CELLS, min_size=ROWS, max_size=ROWS),
    st.lists(CELLS, min_size=1, max_size=4).flatmap(
        lambda few: st.lists(st.sampled_from(few), min_size=ROWS, max_size=ROWS)
    ),
)
KINDS: list[st.SearchStrategy[Any]] = [
    st.integers(-(2**60), 2**60),
    st.floats(width=32, allow_infinity=False),
    st.floats(-1e38, 1e38),
    st.booleans(),
    st.dates(),
    st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),
    st.dates(date(1700, 1, 1), date(2200, 1, 1)).map(lambda day: datetime(day.year, day.month, day.day)),
    CELLS,
    st.decimals(-1000, 1000, places=2),
]
TYPED = st.sampled_from(KINDS).flatmap(lambda kind: st.lists(st.one_of(st.none(), kind), min_size=ROWS, max_size=ROWS))
STEADY: list[Any] = [row / 2 for row in range(ROWS)]


def learnt(file: Path) -> Read:
    """The rows of `file`, by a service that is written for it and read again."""
    table = read(file)
    draft = Draft({"task": "regression"}, inferred(table, Hints()), {"m": "1.0.0"})
    return rows_of(services.load(draft.write(file.parent / "own")), table)


def check(file: Path) -> None:
    made = learnt(file)
    assert made.good.all(), made.bad
    optional = {one.name for one in made.service.input.given if one.optional}
    needed = [name for name in made.form.names if name not in optional and name in {f.name for f in made.form.given}]
    places = [made.form.names.index(name) for name in needed]
    assert np.isfinite(made.rows[:, places]).all()


@settings(max_examples=150, deadline=None)
@given(st.lists(COLUMNS, min_size=1, max_size=3))
def test_of_texts(columns: list[list[str]]) -> None:
    with TemporaryDirectory() as folder:
        text = io.StringIO(newline="")
        names = [f"c{place}" for place in range(len(columns))]
        rows = zip(STEADY, *columns, strict=True)
        csv.writer(text, lineterminator="\n").writerows([["steady", *names], *rows])
        file = Path(folder) / "a.csv"
        file.write_bytes(text.getvalue().encode())
        check(file)


@settings(max_examples=150, deadline=None)
@given(st.lists(TYPED, min_size=1, max_size=3))
def test_of_types(columns: list[list[Any]]) -> None:
    with TemporaryDirectory() as folder:
        table = pa.table({"steady": STEADY} | {f"c{place}": column for place, column in enumerate(columns)})
        pq.write_table(table, Path(folder) / "a.parquet")
        check(Path(folder) / "a.parquet")
