"""Rows of files: the same whatever the file is, from any place on, and bad ones by their reason."""

import csv
import datetime as dt
import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serinus.errors import JobError
from serinus.features.rows import open_rows

ROWS = [{"plot_id": str(i), "note": f'a "quoted"\nnote, {i}' if i % 3 else "ü"} for i in range(25)]


def as_csv(rows):
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, ["plot_id", "note"], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def as_jsonl(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_parquet(rows):
    stream = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), stream, row_group_size=7)
    return bytes(stream.getvalue())


WRITERS = {
    "plots.csv": as_csv,
    "plots.CSV.gz": lambda rows: gzip.compress(as_csv(rows)),
    "bom.csv": lambda rows: b"\xef\xbb\xbf" + as_csv(rows),
    "plots.jsonl": as_jsonl,
    "plots.ndjson.gz": lambda rows: gzip.compress(as_jsonl(rows)),
    "plots.parquet": as_parquet,
}


@pytest.mark.parametrize("name", WRITERS)
def test_reading_goes_on_from_any_place(tmp_path, name):
    (tmp_path / name).write_bytes(WRITERS[name](ROWS))
    rows = open_rows(tmp_path / name)
    read = list(rows.read(0))
    assert [row for _, row in read] == ROWS
    for done, (place, _) in enumerate(read, start=1):
        assert [row for _, row in rows.read(place)] == ROWS[done:]


def written(folder, name, contents):
    (folder / name).write_bytes(contents)
    return open_rows(folder / name)


def read(folder, name, contents):
    return [row for _, row in written(folder, name, contents).read(0)]


def test_a_bad_row_of_csv_hides_no_other(tmp_path):
    rows = read(tmp_path, "plots.csv", b'a,b\n1,2\n1,2,3\n\n1\n"1"x,2\n\xff,2\n3,4\n')
    assert rows[0] == {"a": "1", "b": "2"}
    assert rows[1:3] == ["expected 2 cells, got 3", "expected 2 cells, got 1"]
    assert rows[3].startswith("not CSV: ")
    assert rows[4:] == ["not UTF-8", {"a": "3", "b": "4"}]


def test_a_bad_line_of_json_hides_no_other(tmp_path):
    assert read(tmp_path, "plots.jsonl", b'{"a": 1}\n{"a": NaN}\n\n[1]\n{"a"\n{"a": 2}') == [
        {"a": 1},
        "not JSON",
        "not an object",
        "not JSON",
        {"a": 2},
    ]


def test_dates_in_parquet_are_texts(tmp_path):
    table = pa.table({"a": [dt.date(2021, 10, 7)], "b": [1]})
    pq.write_table(table, tmp_path / "plots.pq")
    rows = open_rows(tmp_path / "plots.pq")
    assert list(rows.read(0)) == [(1, {"a": "2021-10-07", "b": 1})]
    assert list(rows.read(0, only="b")) == [(1, {"b": 1})]
    assert rows.names == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        pytest.param("plots.xlsx", b"", "cannot tell what plots.xlsx is", id="kind"),
        pytest.param("plots.csv", b"", "expected a header row", id="empty"),
        pytest.param("plots.csv", b"a,a\n1,2\n", "expected a header row with the different names", id="same names"),
        pytest.param("plots.csv", b'"a\n1,2\n', "cannot read the header row", id="open quote"),
        pytest.param("plots.parquet", b"PAR1", "is not a Parquet file", id="no parquet"),
    ],
)
def test_a_file_that_has_no_rows_to_read_says_why(tmp_path, name, contents, message):
    with pytest.raises(JobError, match=message):
        list(written(tmp_path, name, contents).names)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(JobError, match=r"no.csv is not a file"):
        open_rows(tmp_path / "no.csv")
