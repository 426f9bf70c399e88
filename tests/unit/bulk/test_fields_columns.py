"""Files of fields: whatever their format, a row is what `Form.read` makes of the record, and a bad one is bad there."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serinus.bulk.chunk import Reading
from serinus.bulk.columns import match_fields
from serinus.bulk.sources import Cut, open_source
from serinus.bulk.text_columns import of_text
from serinus.bulk.typed_columns import of_column
from serinus.errors import InputError, JobError
from serinus.field_columns import column_numbers
from serinus.fields import GivenField
from serinus.record import Form
from serinus.schema import refused
from serinus.sections import Input

FIELDS: list[dict[str, Any]] = [
    {"name": "plot_id", "type": "string", "feature": False},
    {"name": "visits", "type": "integer", "default": 2},
    {"name": "latitude", "type": "float", "minimum": -90, "maximum": 90},
    {"name": "rain", "type": "float", "optional": True},
    {"name": "sown", "type": "date", "minimum": "2000-01-01"},
    {"name": "reaped", "type": "date", "optional": True},
    {"name": "season", "type": "string", "values": ["Long Rains", "Short Rains"]},
    {"name": "variety", "type": "string", "values": ["H614", "nan"], "others": "unknown", "optional": True},
    {"name": "irrigated", "type": "boolean", "optional": True},
    {"name": "day", "derive": "day_of_year", "of": ["sown"]},
    {"name": "growing", "derive": "days_between", "of": ["sown", "reaped"]},
    {"name": "rain_each", "derive": "ratio", "of": ["rain", "visits"]},
]
PLOTS = Input.model_validate({"fields": FIELDS, "missing": ["?", "n/a"]})
FORM = Form.of(PLOTS, "allow")
NAMES = tuple(field.name for field in FORM.needed)
Read = dict[int, list[float] | None]


def read(file: Path, *, cut: Cut | None = None) -> Read:
    """By line, the row; None where it is bad."""
    source = open_source(file, cut or Cut())
    reading = Reading(match_fields(source.found, FORM, keep=(), taken=()), "allow", file.parent, 1, form=FORM)
    found: Read = {}
    for chunk in source.chunks(reading):
        contents = chunk.read()
        rows = np.concatenate([*contents.blocks(), np.empty((0, len(FORM.names)))])
        assert len(rows) == contents.ids.num_rows
        assert contents.problems is not None
        for place, (row, bad) in enumerate(zip(rows, refused(rows, "allow"), strict=True)):
            assert bool(contents.problems(place)) == bad
            found[contents.origin(place).line] = None if bad else row.tolist()
        found |= {bad.line: None for bad in contents.bad}
    return found


def expected(records: Iterable[Mapping[str, object]], *, first: int) -> Read:
    return {line: _row(record) for line, record in enumerate(records, first)}


def _row(record: Mapping[str, object]) -> list[float] | None:
    try:
        return [*FORM.read({"plot_id": "a"} | record).row[0].tolist()]
    except InputError:
        return None


def same(found: Read, wanted: Read) -> None:
    assert {line for line in found if found[line] is None} == {line for line in wanted if wanted[line] is None}
    assert found.keys() == wanted.keys()
    for line, row in wanted.items():
        if row is not None:
            np.testing.assert_array_equal(found[line], row)


ODD = ["", "?", "n/a", " ?", "nan", "NaN", "null", "NULL", "inf", "x", "é", "true", "-", " "]
NUMBERS = [
    "1",
    "-0.5",
    "+1.5",
    " 2",
    "3 ",
    "1_000",
    "1e400",
    "91",
    "-90.0000001",
    "0x10",
    "1.",
    ".5",
    "\u0661",
    "nan(x)",
    "7",
]
DATES = ["2021-10-07", "2021-13-40", "20211007", "1999-12-31", "2021-10-07 00:00:00", "2024-02-29"]
TRUTHS = ["true", "FALSE", "Yes", "0", "2", "wahr"]
WORDS = ["Long Rains", "Short Rains", "long rains", "H614", "other", "x" * 300]
TEXTS = {"float": NUMBERS, "integer": NUMBERS, "date": DATES, "boolean": TRUTHS, "string": WORDS}
GOOD = {"latitude": "1.5", "rain": "", "visits": "3", "sown": "2021-10-07", "season": "Long Rains"}


def cells(name: str, kind: str) -> st.SearchStrategy[str]:
    return st.just(GOOD.get(name, "")) | st.sampled_from(TEXTS[kind] + ODD)


TABLE = st.fixed_dictionaries({"id": st.text("ab,", max_size=2)} | {f.name: cells(f.name, f.type) for f in FORM.needed})


def said(row: Mapping[str, str]) -> dict[str, object]:
    """What the cells of a text file mean."""
    return {f.name: None if row[f.name] in ("", *PLOTS.missing) else f.parsed(row[f.name]) for f in FORM.needed}


def as_csv(rows: Sequence[Mapping[str, str]], **dialect: Any) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0], **{"lineterminator": "\n"} | dialect)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


DIALECTS = st.sampled_from([{}, {"quoting": csv.QUOTE_ALL}, {"lineterminator": "\r\n"}])


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(TABLE, min_size=1, max_size=6), dialect=DIALECTS, piece=st.integers(200, 2000))
def test_cells_of_csv_are_read_as_records_are(rows: list[dict[str, str]], dialect: Any, piece: int) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "plots.csv"
        file.write_bytes(as_csv(rows, **dialect))
        same(read(file, cut=Cut(piece)), expected(map(said, rows), first=2))


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(TABLE, min_size=1, max_size=6), place=st.integers(0, 6))
def test_a_row_that_is_none_of_csv_changes_no_other(rows: list[dict[str, str]], place: int) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "plots.csv"
        lines = as_csv(rows).splitlines(keepends=True)
        file.write_bytes(b"".join([lines[0], *lines[1:][:place], b"1,2,3\n", *lines[1:][place:]]))
        wanted = [*expected(map(said, rows), first=2).values()]
        wanted.insert(place, None)
        same(read(file), dict(enumerate(wanted, 2)))


VALUES = st.one_of(
    st.sampled_from([None, True, False, 0, 1, 2, -3, 1.5, 91, 2**70, 1e39, "", "?", " ?", "x", [], [1], {"a": 1}]),
    st.sampled_from([*DATES, *WORDS, "1.5"]),
)
JSON = st.fixed_dictionaries(
    {name: st.just(FORM.needed[place].parsed(GOOD.get(name, "?"))) | VALUES for place, name in enumerate(NAMES)}
)


@settings(max_examples=100, deadline=None)
@given(records=st.lists(JSON, min_size=1, max_size=6), leave_out=st.booleans())
def test_members_of_json_lines_are_read_as_requests_are(records: list[dict[str, Any]], leave_out: bool) -> None:
    if leave_out:
        told = [{name: value for name, value in record.items() if value is not None} for record in records[1:]]
        records = [records[0], *told]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "plots.jsonl"
        file.write_text("".join(json.dumps({"id": 1} | record) + "\n" for record in records))
        same(read(file), expected(records, first=1))


KINDS: dict[str, list[tuple[pa.DataType, st.SearchStrategy[Any]]]] = {
    "number": [
        (pa.float64(), st.sampled_from([1.5, -91.0, math.inf, 2.0, 1e39])),
        (pa.float32(), st.sampled_from([1.5, 91.0, math.nan, 2.0])),
        (pa.int8(), st.integers(-128, 127)),
        (pa.uint64(), st.integers(0, 100)),
        (pa.dictionary(pa.int8(), pa.int64()), st.integers(-100, 100)),
        (pa.decimal128(9, 2), st.integers(-10_000, 10_000).map(lambda cents: Decimal(cents) / 100)),
        (pa.null(), st.none()),
    ],
    "boolean": [(pa.bool_(), st.booleans()), (pa.null(), st.none())],
    "string": [
        (pa.string(), st.sampled_from([*WORDS, "", "?", "nan"])),
        (pa.large_string(), st.sampled_from(WORDS)),
        (pa.dictionary(pa.int32(), pa.string()), st.sampled_from(WORDS)),
    ],
    "date": [
        (pa.date32(), st.dates(date(1999, 12, 1))),
        (
            pa.timestamp("ns"),
            st.dates(date(1999, 12, 1), date(2200, 1, 1)).map(lambda d: datetime(d.year, d.month, d.day)),
        ),
        (pa.timestamp("s"), st.sampled_from([datetime(2021, 10, 7), datetime(2021, 10, 7, 0, 0, 1)])),
        (pa.string(), st.sampled_from([*DATES, "?"])),
    ],
}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    count = draw(st.integers(1, 6))
    columns = {}
    for field in FORM.needed:
        kind, values = draw(
            st.sampled_from(KINDS["number" if field.kind == "number" and field.type != "boolean" else field.type])
        )
        column = draw(st.lists(st.none() | values, min_size=count, max_size=count))
        made = (
            pa.array(column, kind.value_type).dictionary_encode()
            if pa.types.is_dictionary(kind)
            else pa.array(column, kind)
        )
        columns[field.name] = made
    return pa.table({"id": pa.array(range(count)), **columns})


def as_records(table: pa.Table) -> list[dict[str, object]]:
    """As a request would say it."""
    return [{name: _said(value) for name, value in row.items() if name != "id"} for row in table.to_pylist()]


def _said(value: object) -> object:
    if isinstance(value, datetime):
        return value.date() if value == datetime(value.year, value.month, value.day) else str(value)
    if isinstance(value, Decimal):
        return float(value)
    return None if isinstance(value, float) and math.isnan(value) else value


@settings(max_examples=100, deadline=None)
@given(table=tables(), groups=st.integers(1, 3))
def test_columns_of_parquet_are_read_as_requests_are(table: pa.Table, groups: int) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "plots.parquet"
        pq.write_table(table, file, row_group_size=groups)
        same(read(file), expected(as_records(table), first=1))
        same(read(file, cut=Cut(rows=1)), expected(as_records(table), first=1))


def parquet(folder: Path, **columns: pa.Array) -> Path:
    rows = len(next(iter(columns.values())))
    others = {name: pa.nulls(rows) for name in NAMES if name not in columns}
    pq.write_table(pa.table(columns | others), folder / "plots.parquet")
    return folder / "plots.parquet"


@pytest.mark.parametrize(
    ("name", "column", "message"),
    [
        ("latitude", pa.array(["1.5"]), r"latitude \(string, expected float\)"),
        ("visits", pa.array([True]), r"visits \(bool, expected integer\)"),
        ("season", pa.array([1]), r"season \(int64, expected string\)"),
        ("irrigated", pa.array([1]), r"irrigated \(int64, expected boolean\)"),
        ("irrigated", pa.array(["true"]), r"irrigated \(string, expected boolean\)"),
        ("sown", pa.array([18907]), r"sown \(int64, expected date\)"),
        ("sown", pa.array([datetime(2021, 10, 7)], pa.timestamp("us", "UTC")), "sown .*tz=UTC"),
        ("rain", pa.array([[1.0]]), r"rain \(list<"),
    ],
)
def test_a_column_of_parquet_that_cannot_hold_its_field_is_refused(
    tmp_path: Path, name: str, column: pa.Array, message: str
) -> None:
    with pytest.raises(JobError, match=message):
        read(parquet(tmp_path, **{name: column}))


def test_dates_that_no_calendar_has_are_bad_rows(tmp_path: Path) -> None:
    far = pa.array([10**8, 18907, None], pa.int32()).cast(pa.date32())
    late = pa.array([datetime(2021, 10, 7) + timedelta(microseconds=1)] * 3, pa.timestamp("us"))
    reasons = told(parquet(tmp_path, sown=far, reaped=late))
    assert "sown: got '<value out of range: 100000000>', expected a date" in reasons[0]
    assert "reaped: got '2021-10-07 00:00:00.000001', expected a date" in reasons[1]
    assert "sown: got None, expected a date" in reasons[2]


def told(file: Path) -> list[str]:
    source = open_source(file, Cut())
    reading = Reading(match_fields(source.found, FORM, keep=(), taken=()), "allow", file.parent, 1, form=FORM)
    [chunk] = source.chunks(reading)
    contents = chunk.read()
    assert contents.problems is not None
    return ["; ".join(map(str, contents.problems(row))) for row in range(contents.ids.num_rows)]


def test_a_reason_shows_the_text_of_the_cell(tmp_path: Path) -> None:
    rows = [GOOD | {"latitude": text, "reaped": "", "variety": "", "irrigated": ""} for text in ("91", "nan", "?", "x")]
    file = tmp_path / "plots.csv"
    file.write_bytes(as_csv(rows))
    assert [reason.partition(",")[0] for reason in told(file)] == [
        "latitude: got 91",
        "latitude: got 'nan'",
        "latitude: got None",
        "latitude: got 'x'",
    ]
    assert all(reason.endswith("expected a number from -90 to 90") for reason in told(file))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("name", ["latitude", "rain", "reaped"], ids=["needed", "optional", "of derived"])
def test_a_field_without_a_column_is_refused_even_where_it_may_be_missing(
    tmp_path: Path, suffix: str, name: str
) -> None:
    file = tmp_path / f"plots.{suffix}"
    columns = {**dict.fromkeys(NAMES), "id": 1}
    columns[f"{name}s"] = columns.pop(name)
    match suffix:
        case "csv":
            file.write_bytes(as_csv([dict.fromkeys(columns, "")]))
        case "jsonl":
            file.write_text(json.dumps(columns))
        case "parquet":
            pq.write_table(pa.table({name: [value] for name, value in columns.items()}), file)
    with pytest.raises(JobError, match=f"lacks 1 of the 8 fields .*: '{name}'; it has instead: .*'{name}s'"):
        read(file)


COUNT = GivenField(name="count", type="float", optional=True)


@pytest.mark.parametrize(
    ("cells", "missing", "numbers"),
    [
        (["1", "2.5"], ["?"], [1, 2.5]),
        (["1", ""], [], [1, math.nan]),
        (["1", "nan"], [], [1, math.inf]),
        (["", "nan", "?"], ["?"], [math.nan, math.inf, math.nan]),
        (["1", "-999"], ["-999"], [1, math.nan]),
        (["1", "-999", "-999.0"], ["-999"], [1, math.nan, -999]),
        (["1", "nan"], ["nan"], [1, math.nan]),
        ([" 1", "2\t"], [], [1, 2]),
        (["1", "x"], [], [1, math.inf]),
    ],
)
def test_a_missing_number_is_what_is_said_to_be_one(cells: list[str], missing: list[str], numbers: list[float]) -> None:
    column = of_text(pa.chunked_array([cells]), COUNT, missing)
    np.testing.assert_array_equal(column_numbers(COUNT, column, frozenset(missing)), numbers)


def test_decimals_are_rounded_once() -> None:
    """Arrow multiplies by a power of ten that is rounded itself."""
    cents = [Decimal(count).scaleb(-2) for count in range(10_000, 30_000)]
    column = of_column(pa.chunked_array([pa.array(cents, pa.decimal128(9, 2))]), COUNT)
    np.testing.assert_array_equal(column, [*map(float, cents)])
