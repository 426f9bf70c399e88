"""Plain CSV: read as Arrow's own reader reads it, or not at all."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.bulk.chunk import Reading
from serinus.bulk.columns import Columns
from serinus.bulk.csv_cells import Layout, plain
from serinus.bulk.csv_grammar import Grammar

NAMES = ("id", "f0", "f1", "f2")
GRAMMAR = Grammar(NAMES, Reading(Columns(("id",), ("f2", "f0", "f1"), ("a", "b", "c")), "allow", Path(), workers=1))


def test_plain_cells_are_read_in_the_models_order() -> None:
    read = plain(b'007,1,-2.5,3e4\n"a b",,nan,1e-50\n', GRAMMAR.layout)
    assert read is not None
    ids, numbers = read
    assert ids.to_pydict() == {"id": ["007", "a b"]}
    np.testing.assert_array_equal(numbers, [[3e4, 1, -2.5], [1e-50, np.nan, np.nan]])


def test_features_side_by_side_are_read_too() -> None:
    read = plain(b"1,2,x\n3,4,y\n", Layout(3, {"id": 2}, (0, 1)))
    assert read is not None
    assert read[0].to_pydict() == {"id": ["x", "y"]}
    assert read[1].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "text",
    [
        b"a,1,2\n",
        b"a,1,2,3,4\n",
        b"a,1,2\nb,1,2,3,4\n",
        b'a,"1",2,3\n',
        b"a, 1,2,3\n",
        b"a,null,2,3\n",
        b"a,x,2,3\n",
        b"a,1,2,3\r\n",
        b"a,1,2,3",
        b"a,1,2,3\n\n",
        b'"a""b",1,2,3\n',
        b'a"b,1,2,3\n',
        b'"a,1,2,3\n"b,1,2,3\n',
        b'",1,2,3\n',
        b"\xff,1,2,3\n",
    ],
)
def test_anything_else_is_left_to_arrow(text: bytes) -> None:
    assert plain(text, GRAMMAR.layout) is None


def test_a_single_column_is_left_to_arrow_because_its_blank_lines_are_no_rows() -> None:
    assert plain(b"1\n\n2\n", Layout(1, {}, (0,))) is None


CELLS = st.sampled_from(["1", "-0.0", "1e39", "nan", "inf", "", "null", '"1"', " 1", "x", '"', "é", '"a"', '""', "1_0"])
LINES = st.lists(st.lists(CELLS, min_size=4, max_size=4) | st.lists(CELLS, max_size=5), min_size=1, max_size=5)


@given(lines=LINES, slice_bytes=st.integers(1, 40))
def test_what_is_read_is_what_arrow_reads(lines: list[list[str]], slice_bytes: int) -> None:
    text = "".join(",".join(line) + "\n" for line in lines).encode()
    read = plain(text, GRAMMAR.layout, slice_bytes=slice_bytes)
    table = GRAMMAR.table(text)
    if read is not None:
        assert table is not None
        assert read[0].to_pydict() == table.select(["id"]).to_pydict()
        wanted = [[np.nan if x is None else x for x in table[name].to_pylist()] for name in GRAMMAR.columns.features]
        np.testing.assert_array_equal(read[1], np.array(wanted).T)
