"""Reading a table to learn from."""

import gzip
import hashlib
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serinus.tables.table import Table, TableError, read


def write(file: Path, held: bytes) -> Path:
    file.write_bytes(held)
    return file


def texts(**columns: list[str]) -> Table:
    return Table(Path("a.csv"), pa.table(columns), as_text=True)


def test_a_csv_file_is_read_as_the_text_it_is(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.csv", b'a,b,c\n01,"x, y",\n\nNA,None,true\n'))
    assert found.cells.to_pydict() == {"a": ["01", "NA"], "b": ["x, y", "None"], "c": ["", "true"]}
    assert found.as_text
    assert len(found) == 2


def test_a_file_is_known_by_its_digest(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.csv", b"a,b\n1,2\n")).digest == hashlib.sha256(b"a,b\n1,2\n").hexdigest()


@pytest.mark.parametrize(
    ("name", "held"),
    [
        pytest.param("a.csv.gz", gzip.compress(b"a,b\n1,2\n"), id="gzip"),
        pytest.param("a.csv", b"\xef\xbb\xbfa,b\n1,2\n", id="byte order mark"),
        pytest.param("a.csv", b"a,b\r\n1,2\r\n", id="carriage returns"),
        pytest.param("a.csv", b"a,b\n1,2", id="no last newline"),
        pytest.param("a.csv", b'"a","b"\n"1","2"\n', id="quotes"),
    ],
)
def test_the_same_table_may_be_written_in_several_ways(tmp_path: Path, name: str, held: bytes) -> None:
    assert read(write(tmp_path / name, held)).cells.to_pydict() == {"a": ["1"], "b": ["2"]}


def test_a_cell_may_hold_lines(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.csv", b'a,b\n"one\ntwo",1\n'))
    assert found.cells.to_pydict() == {"a": ["one\ntwo"], "b": ["1"]}


def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    columns = {"n": [1.5, None], "d": [date(2021, 10, 7)] * 2, "w": ["01", "1"]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    assert found.cells.to_pydict() == columns
    assert not found.as_text


@pytest.mark.parametrize(
    ("held", "said"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"a,b\n", "no rows", id="only a header"),
        pytest.param(b"a,b\n1,2\n1\n3\n", "2 rows .* line 3: row: got '1 columns', expected 2", id="short rows"),
        pytest.param(b"a,b\n1,2,3\n", "line 2: row: got '3 columns', expected 2", id="a long row"),
        pytest.param(b'a,b\n1,"2\n3,4\n', "line 2: a quote is opened and never closed", id="an open quote"),
        pytest.param(b"a\n\xff\n", "line 2: .*UTF-8", id="no text"),
    ],
)
def test_a_broken_csv_file_is_refused_with_the_line(tmp_path: Path, held: bytes, said: str) -> None:
    with pytest.raises(TableError, match=said):
        read(write(tmp_path / "a.csv", held))


@pytest.mark.parametrize(
    ("name", "held"),
    [
        pytest.param("a.csv.gz", b"no gzip", id="no gzip"),
        pytest.param("b.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99)[:-20], id="half a gzip file"),
        pytest.param("a.parquet", b"PAR1", id="no parquet"),
        pytest.param("a.xlsx", b"", id="suffix"),
        pytest.param("nothing.csv", None, id="absent"),
    ],
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, name: str, held: bytes | None) -> None:
    if held is not None:
        write(tmp_path / name, held)
    with pytest.raises(TableError, match=f"cannot read .*{name}"):
        read(tmp_path / name)


def test_a_parquet_file_that_was_altered_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    written = {"compression": "none", "use_dictionary": False, "write_page_checksum": True}
    pq.write_table(pa.table({"a": [1.5, 2.5, 3.5]}), file, **written)
    number, other = np.array([2.5, 2.25])
    assert file.read_bytes().count(number.tobytes()) == 1  # neither the least nor the most: it is in no statistics
    file.write_bytes(file.read_bytes().replace(number.tobytes(), other.tobytes()))
    with pytest.raises(TableError, match="cannot read"):
        read(file)


def test_an_empty_parquet_file_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": pa.array([], pa.float64())}), tmp_path / "a.parquet")
    with pytest.raises(TableError, match="no rows"):
        read(tmp_path / "a.parquet")


def test_columns_of_one_name_are_all_left_out(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.csv", b"a,b,b,c\n1,2,3,4\n"))
    assert found.cells.to_pydict() == {"a": ["1"], "c": ["4"]}
    assert found.doubled == ("b",)
    with pytest.raises(TableError, match="more than one column 'b'"):
        found.column("b")
    with pytest.raises(TableError, match=r"no column 'd'; it has 'a', 'c'"):
        found.column("d")


def test_columns_of_one_name_in_parquet_are_left_out_too(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], names=["a", "b", "b"])
    pq.write_table(twice, tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    assert (found.names, found.doubled) == (["a"], ("b",))


def test_a_column_may_be_asked_for_numbers() -> None:
    np.testing.assert_array_equal(texts(a=["1", "", "x", "1e3", "inf", "nan"]).numbers("a")[[0, 3]], [1, 1000])
    assert np.isnan(texts(a=["", "x", "inf", "nan"]).numbers("a")).all()


def test_rows_that_say_the_same_have_one_code() -> None:
    assert texts(a=["x", "y", "x"]).codes("a").tolist() == [0, 1, 0]


def test_rows_are_left_out_by_what_they_say() -> None:
    stays = texts(ended=["home", "dead", "home", "home"], group=["old", "old", "?", ""])
    assert stays.without({"ended": ["dead"], "group": ["?", ""]}).cells.to_pydict() == {
        "ended": ["home"],
        "group": ["old"],
    }
    with pytest.raises(TableError, match="no column 'end'"):
        stays.without({"end": ["dead"]})
    with pytest.raises(TableError, match="no row is left"):
        stays.without({"ended": ["dead", "home"]})


def test_rows_of_a_parquet_file_are_left_out_by_the_same_words() -> None:
    stays = Table(Path("a.parquet"), pa.table({"code": [1, 11, None]}))
    assert stays.without({"code": ["11", ""]}).cells.to_pydict() == {"code": [1]}
