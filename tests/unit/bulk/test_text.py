"""CSV and JSON lines: what counts as a row, which rows are bad, and that chunks change nothing."""

import csv
import gzip
import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serinus.bulk import text
from serinus.bulk.csv_rows import row_ends
from serinus.bulk.sources import Cut
from serinus.errors import JobError
from tests.unit.bulk.jobs import Bench, predictions, quarantine, run

HEADER = "id,f0,f1,f2\n"
PROPERTY = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    made = Bench(tmp_path_factory.mktemp("bench"))
    made.scorer()
    return made


def scored(bench: Bench, folder: Path, name: str, contents: bytes, cut: Cut | None = None) -> Path:
    """The output folder of a job over a file with these `contents`."""
    number = len(list(folder.iterdir()))
    file = folder / f"{number}-{name}"
    file.write_bytes(contents)
    out = folder / f"{number}-out"
    run(bench.scorer(), file, out, cut=cut)
    return out


BAD_CSV = {
    "text": ("a,1,x,3", "f1: got 'x', expected a finite number, or null for a missing value"),
    "too few": ("a,1,2", "row: got '3 columns', expected 4, as in the header"),
    "too many": ("a,1,2,3,4", "row: got '5 columns', expected 4, as in the header"),
    "infinity": ("a,1,inf,3", "f1: got 'Infinity', expected a finite number, or null for a missing value"),
    "too large": ("a,1e39,2,3", "f0: got 1e+39, expected a float32 number, at most 3.4028235e+38 in size"),
    "far too large": ("a,1e999,2,3", "f0: got 'Infinity', expected a finite number, or null for a missing value"),
    "underscore": ("a,1_0,2,3", "f0: got '1_0', expected a finite number, or null for a missing value"),
    "digits of another script": ("a,\u0661,2,3", "f0: got '\u0661', expected a finite number"),
    "odd space": ("a,1,2,\x0b3", "row: got 'text that is no row of CSV', expected 4 columns, no lone carriage"),
    "space": ("a, ,2,3", "f0: got ' ', expected a finite number, or null for a missing value"),
    "lone return": ("a,1,2,3\rb,1,2,3", "row: got 'text that is no row of CSV', expected 4 columns, no lone carriage"),
    "quoted text": ('"a\nb",1,"x, y",3', "f1: got 'x, y', expected a finite number"),
}


@pytest.mark.parametrize(("line", "reason"), BAD_CSV.values(), ids=BAD_CSV)
@pytest.mark.parametrize("piece_bytes", [150, 10_000], ids=["small", "large"])
def test_a_bad_row_of_csv_is_set_aside_alone(
    bench: Bench, tmp_path: Path, line: str, reason: str, piece_bytes: int
) -> None:
    good = "".join(f"r{i},1,2,3\n" for i in range(300))
    contents = HEADER + good + line + "\n" + "last,1,2,3"

    out = scored(bench, tmp_path, "rows.csv", contents.encode(), Cut(piece_bytes))

    [bad] = quarantine(out)
    assert bad["reason"].startswith(reason)
    assert (bad["line"], bad["raw"]) == (302, line)
    assert [row["id"] for row in predictions(out)] == [f"r{i}" for i in range(300)] + ["last"]


def test_bytes_that_are_no_text_are_a_bad_row(bench: Bench, tmp_path: Path) -> None:
    out = scored(bench, tmp_path, "rows.csv", HEADER.encode() + b"a,1,2,3\nb\xff,1,2,3\r\nc,1,2,3\r\n")
    assert quarantine(out) == [
        {"line": 3, "reason": "row: got 'bytes that are not UTF-8 at 1', expected UTF-8 text", "raw": "b\\xff,1,2,3"}
    ]
    assert [row["id"] for row in predictions(out)] == ["a", "c"]


def test_a_field_too_long_for_pythons_reader_is_explained_too(bench: Bench, tmp_path: Path) -> None:
    out = scored(bench, tmp_path, "rows.csv", f"{HEADER}{'x' * 200_000},1,2,y\nb,1,2,3\n".encode())
    assert "field larger than field limit" in quarantine(out)[0]["reason"]


def test_a_chunk_may_be_one_bad_row(bench: Bench, tmp_path: Path) -> None:
    out = scored(bench, tmp_path, "rows.csv", HEADER.encode() + b"a,1,2,3\nb,1,2,\x0b3\n", Cut(12))
    assert [bad["line"] for bad in quarantine(out)] == [3]


def test_many_bad_rows_hide_no_good_one(bench: Bench, tmp_path: Path) -> None:
    lines = [f"r{i},1,{'?' if i % 3 == 0 else 2},3\n" for i in range(500)]
    out = scored(bench, tmp_path, "rows.csv", (HEADER + "".join(lines)).encode())
    assert [bad["line"] for bad in quarantine(out)] == [i + 2 for i in range(0, 500, 3)]
    assert [row["id"] for row in predictions(out)] == [f"r{i}" for i in range(500) if i % 3]


@pytest.mark.parametrize("piece_bytes", [25, 10_000], ids=["small", "large"])
def test_blank_lines_byte_order_marks_and_line_ends_are_no_rows(bench: Bench, tmp_path: Path, piece_bytes: int) -> None:
    contents = b"\xef\xbb\xbf\r\n\nid,f0,f1,f2\r\n\r\na,1,2,3\n\n\nb,,nan,null\r\nc,x,2,3\r\n\r\n"
    out = scored(bench, tmp_path, "rows.csv", contents, Cut(piece_bytes))
    assert [row["id"] for row in predictions(out)] == ["a", "b"]
    assert [bad["line"] for bad in quarantine(out)] == [9]


def test_ids_of_csv_are_kept_to_the_letter(bench: Bench, tmp_path: Path) -> None:
    out = scored(bench, tmp_path, "rows.csv", b'id,f0,,f1,f2\n007,1,1.50,2,3\n,1,NaN,2,3\n" x ",1,"a""b",2,3\n')
    assert [(row["id"], row[""]) for row in predictions(out)] == [("007", "1.50"), ("", "NaN"), (" x ", 'a"b')]


def test_features_of_csv_are_found_by_name_in_any_order(bench: Bench, tmp_path: Path) -> None:
    out = scored(bench, tmp_path, "rows.csv", b"f2,id,f0,f1\n9,a,0,0\n0,b,9,0\n")
    assert [row["prediction"] for row in predictions(out)] == ["FALSE_POSITIVE", "CONFIRMED"]


BROKEN = {
    "empty": (b"", "is empty: expected a header row"),
    "blank": (b"\n\n", "is empty: expected a header row"),
    "open header": (b'id,"f0\n1,2\n', "the header row does not end"),
    "binary header": (b"\xff,f0,f1,f2\n1,2,3\n", "cannot read the header row"),
    "open quote": (HEADER.encode() + b'a,1,2,3\n"b,1,2,3\nc,1,2,3\n', "line 3: a quote is opened and never closed"),
    "open quote last": (HEADER.encode() + b'"b,1,2,3', "line 2: a quote is opened and never closed"),
    "twice": (b"id,id,f0,f1,f2\n", "more than one column named 'id'"),
    "missing": (b"id,f0,f1\n1,2,3\n", "3 columns that could be them"),
}


@pytest.mark.parametrize(("contents", "message"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_csv_of_features_stops_the_job(
    bench: Bench, tmp_path: Path, contents: bytes, message: str
) -> None:
    if message.startswith("3 columns"):
        contents = b"id,x,f0,f1\n1,2,3,4\n"
        message = "4 columns that could be them"
    with pytest.raises(JobError, match=message):
        scored(bench, tmp_path, "rows.csv", contents)


@pytest.mark.parametrize("damage", [lambda c: c[:-12], lambda c: c[:30] + b"####" + c[34:], lambda c: b"no gzip"])
def test_a_damaged_gzip_file_stops_the_job(bench: Bench, tmp_path: Path, damage: Any) -> None:
    contents = gzip.compress((HEADER + "".join(f"{i},1,2,3\n" for i in range(300))).encode())
    with pytest.raises(JobError, match="not a whole gzip file"):
        scored(bench, tmp_path, "rows.csv.gz", damage(contents))


def test_a_row_without_end_stops_the_job(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "LONGEST_ROW_BYTES", 1000)
    with pytest.raises(JobError, match="line 2: a row that does not end within 256 MB"):
        scored(bench, tmp_path, "rows.csv", HEADER.encode() + b'"' + b"x" * 5000, Cut(100))


BAD_JSON = {
    "broken": ('{"id": "a", "f0": 1', "row: got 'unexpected end of data', expected a JSON object"),
    "list": ("[1, 2, 3]", "row: got 'a list of 3', expected a JSON object"),
    "text": ('{"id": "a", "f0": "1", "f1": 2, "f2": 3}', "f0: got '1', expected a finite number"),
    "truth": ('{"id": "a", "f0": 1, "f1": true, "f2": 3}', "f1: got True, expected a finite number"),
    "too large": ('{"id": "a", "f0": 1e39, "f1": 2, "f2": 3}', "f0: got 1e+39, expected a float32 number"),
    "NaN": ('{"id": "a", "f0": NaN, "f1": 2, "f2": 3}', "row: got"),
    "twice": ('{"id": "a", "f0": 1, "f0": 2, "f1": 2, "f2": 3}', "f0: got '2 times', expected each name once"),
    "twice, spelt out": ('{"id": "a:b", "f0": 1, "f1" : 2, "f1": 2, "f2": 3}', "f1: got '2 times', expected each"),
    "other kind": ('{"id": 7, "f0": 1, "f1": 2, "f2": 3}', "id: got 7, expected text, as in the file's first rows"),
    "new member": ('{"id": "a", "f0": 1, "f1": 2, "f2": 3, "x": 1}', "x: got 1, expected only the members"),
    "a list of features": ('{"id": "a", "features": [1, 2, 3]}', "features: got 'a list of 3', expected only"),
}


@pytest.mark.parametrize(("line", "reason"), BAD_JSON.values(), ids=BAD_JSON)
@pytest.mark.parametrize("piece_bytes", [2_000, 1_000_000], ids=["small", "large"])
def test_a_bad_line_of_json_is_set_aside_alone(
    bench: Bench, tmp_path: Path, line: str, reason: str, piece_bytes: int
) -> None:
    good = "".join(json.dumps({"id": f"r{i}", "f0": 1, "f1": None, "f2": 0.5}) + "\n\n" for i in range(1200))

    out = scored(bench, tmp_path, "rows.jsonl", (good + line + "\r\n").encode(), Cut(piece_bytes))

    [bad] = quarantine(out)
    assert bad["reason"].startswith(reason)
    assert (bad["line"], bad["raw"]) == (2401, line)
    assert [row["id"] for row in predictions(out)] == [f"r{i}" for i in range(1200)]


def test_a_later_line_that_renames_a_feature_is_bad_even_where_other_members_are_left(
    bench: Bench, tmp_path: Path
) -> None:
    first = '{"id": "a", "note": 1, "f0": 1, "f1": 2, "f2": 3}\n' * 1000
    later = ['{"id": "b", "f0": 1, "f1": 2, "f2": 3, "new": 1}', '{"id": "c", "f0": 1, "f1": 2}', '{"f3": 1, "f0": 1}']
    (tmp_path / "rows.jsonl").write_text(first + "\n".join(later))

    run(bench.scorer(), tmp_path / "rows.jsonl", tmp_path / "out", keep=["id"])

    [bad] = quarantine(tmp_path / "out")
    assert (bad["line"], bad["raw"]) == (1003, later[2])
    assert bad["reason"] == "f3: got 1, expected only the members that the file's first rows have"
    assert [row["id"] for row in predictions(tmp_path / "out")[1000:]] == ["b", "c"]


@pytest.mark.parametrize(
    "features", ["[1, 2]", "3", "null", '[1, 2, "3"]', "[1, 2, [3]]"], ids=["short", "number", "null", "text", "nested"]
)
def test_a_bad_list_of_features_is_set_aside(bench: Bench, tmp_path: Path, features: str) -> None:
    lines = '{"features": [1, null, 3.5]}\n{"features": ' + features + '}\n{}\n{"features": [3, 2, 1]}\n'
    out = scored(bench, tmp_path, "rows.jsonl", lines.encode())
    assert [bad["line"] for bad in quarantine(out)] == [2, 3]
    assert [row["prediction"] for row in predictions(out)] == ["FALSE_POSITIVE", "CONFIRMED"]


@pytest.mark.parametrize("contents", [b"", b"\n\n", b"1\nx\n"], ids=["empty", "blank", "no object"])
def test_a_file_without_json_objects_stops_the_job(bench: Bench, tmp_path: Path, contents: bytes) -> None:
    with pytest.raises(JobError, match="holds no JSON object among its first lines"):
        scored(bench, tmp_path, "rows.jsonl", contents)


KINDS: dict[str, tuple[list[Any], list[Any]]] = {
    "integers": ([1, None, -(2**63)], [1, None, -(2**63)]),
    "numbers": ([1, 2.5, None], [1.0, 2.5, None]),
    "truths": ([True, None, False], [True, None, False]),
    "texts": (["a", "é\u2028", '"'], ["a", "é\u2028", '"']),
    "a mix": (["a", 1, {"b": [1.5]}], ["a", 1, {"b": [1.5]}]),
    "huge integers": ([2**70, 1, None], [2**70, 1, None]),
    "integers no float can hold": ([2**60 + 1, 0.5, 1], [2**60 + 1, 0.5, 1]),
    "nothing": ([None, None, None], [None, None, None]),
}


@pytest.mark.parametrize(("given_ids", "kept"), KINDS.values(), ids=KINDS)
def test_ids_of_json_lines_come_back_as_they_were(
    bench: Bench, tmp_path: Path, given_ids: list[Any], kept: list[Any]
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps({"id": value, "features": [1, 2, 3]}) + "\n" for value in given_ids))
    run(bench.scorer(), file, tmp_path / "out", format="jsonl")
    assert [row["id"] for row in predictions(tmp_path / "out")] == kept


Style = tuple[str, Literal[0, 1]]
STYLES = st.tuples(st.sampled_from(["\n", "\r\n"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
nasty = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text('",\n\r a', max_size=8)


@PROPERTY
@given(ids=st.lists(nasty, max_size=12), style=STYLES, piece_bytes=st.integers(16, 300))
def test_csv_is_read_as_pythons_reader_does_whatever_the_chunks(
    bench: Bench, tmp_path: Path, ids: list[str], style: Style, piece_bytes: int
) -> None:
    end, quoting = style
    if quoting == csv.QUOTE_MINIMAL:  # Python writes a lone carriage return without quotes, then reads two rows
        ids = [text.replace("\r", "") for text in ids]
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator=end, quoting=quoting)
    writer.writerow(["f0", "id", "f1", "f2"])
    writer.writerows([number % 3, text, 1.5, -1] for number, text in enumerate(ids))
    contents = written.getvalue().encode()

    small = predictions(scored(bench, tmp_path, "rows.csv", contents, Cut(piece_bytes)))
    large = predictions(scored(bench, tmp_path, "rows.csv", contents))

    naive = list(csv.DictReader(io.StringIO(written.getvalue(), newline="")))
    assert [row["id"] for row in small] == [row["id"] for row in naive]
    assert [row["prediction"] for row in small] == [
        "CANDIDATE" if float(row["f0"]) < 1.5 else "CONFIRMED" for row in naive
    ]
    assert [row["id"] for row in large] == [row["id"] for row in small]


@PROPERTY
@given(ids=st.lists(nasty, min_size=1, max_size=12), ascii_only=st.booleans(), piece_bytes=st.integers(16, 300))
def test_json_lines_are_read_as_pythons_reader_does_whatever_the_chunks(
    bench: Bench, tmp_path: Path, ids: list[str], ascii_only: bool, piece_bytes: int
) -> None:
    lines = [
        json.dumps({"id": text, "features": [number % 3, 1.5, -1]}, ensure_ascii=ascii_only)
        for number, text in enumerate(ids)
    ]
    contents = "\n".join(lines).encode()

    small = predictions(scored(bench, tmp_path, "rows.jsonl", contents, Cut(piece_bytes)))
    large = predictions(scored(bench, tmp_path, "rows.jsonl", contents))

    assert [row["id"] for row in small] == ids
    assert [row["id"] for row in large] == ids


@settings(max_examples=300, deadline=None)
@given(st.text('",\na', max_size=30))
def test_rows_end_where_pythons_reader_ends_them(body: str) -> None:
    text = body + "\n"
    rows = list(csv.reader(io.StringIO(text, newline="")))
    ends = [0, *row_ends(text.encode()).tolist()]
    pieces = [text[start:end] for start, end in pairwise(ends)]
    ours = [row for piece in pieces for row in csv.reader(io.StringIO(piece, newline=""))]
    if ends[-1] == len(text):
        assert ours == rows
    else:  # a quote is left open: Python takes the rest for one row, here it stays
        assert ours == rows[: len(ours)]
