"""The rows that a service makes of a table."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from serinus.record import Form
from serinus.service import Service
from serinus.tables.rows import Read, rows_of
from serinus.tables.table import Table, TableError

FIELDS = [
    {"name": "age", "type": "integer", "minimum": 0, "maximum": 120},
    {"name": "sex", "type": "string", "values": ["F", "M"], "optional": True},
    {"name": "seen", "type": "date"},
    {"name": "day", "derive": "day_of_year", "of": ["seen"]},
]
GOOD: dict[str, list[object]] = {"age": [30, 4], "sex": ["M", None], "seen": ["2021-10-07", "2021-01-01"]}


def service(**more: object) -> Service:
    said: dict[str, object] = {
        "service": {"name": "s", "task": "regression"},
        "input": {"fields": FIELDS, "missing": ["?"]},
        "models": {"m": "1.0.0"},
    }
    return Service.model_validate(said | more)


def texts(**columns: list[str]) -> Table:
    return Table(Path("a.csv"), pa.table(columns), as_text=True)


def test_rows_are_those_a_request_makes() -> None:
    read = rows_of(service(), pa.table(GOOD))
    form = Form.of(service().input, "allow")
    records = [dict(zip(GOOD, cells, strict=True)) for cells in zip(*GOOD.values(), strict=True)]
    online = np.concatenate([form.read(record).row for record in records])
    np.testing.assert_array_equal(read.rows, online)
    assert read.good.all()
    assert read.bad == {}


def test_texts_make_the_same_rows() -> None:
    as_text = texts(age=["30", "4.0"], sex=["M", "?"], seen=["2021-10-07", "2021-01-01"])
    np.testing.assert_array_equal(rows_of(service(), as_text).rows, rows_of(service(), pa.table(GOOD)).rows)


@pytest.fixture
def spoilt() -> Read:
    good = [["30", "F", "2021-10-07"]] * 97
    bad = [["130", "F", "2021-10-07"], ["x", "D", "2021-10-07"], ["30", "F", "2021-13-07"]]
    columns = zip(*good, *bad, strict=True)
    return rows_of(service(), texts(**dict(zip(GOOD, map(list, columns), strict=True))))


def test_bad_rows_are_counted_by_the_field_that_refused_them(spoilt: Read) -> None:
    assert np.flatnonzero(~spoilt.good).tolist() == [97, 98, 99]
    assert spoilt.bad == {"age": 2, "sex": 1, "seen": 1}


def test_what_is_derived_but_has_no_value_is_counted_too() -> None:
    tiny = {"name": "tiny", "type": "float"}
    ratio = {"name": "ratio", "derive": "ratio", "of": ["age", "tiny"]}
    made = service(input={"fields": [*FIELDS[:1], tiny, ratio]})
    assert rows_of(made, texts(age=["30", "30"], tiny=["1e-38", "2"])).bad == {"ratio": 1}


def test_as_many_bad_rows_as_a_bulk_job_may_have_are_left_out(spoilt: Read) -> None:
    spoilt.check()


def test_more_than_that_are_refused_with_examples(spoilt: Read) -> None:
    few = Read(spoilt.source, service(bulk={"max_bad_rate": 0.02}), spoilt.form, spoilt.columns, spoilt.rows)
    with pytest.raises(TableError, match=r"3.0% of 100 rows .*age in 2, .*; such as row 98: age: got 130, expected"):
        few.check()


def test_of_people_no_value_is_told(spoilt: Read) -> None:
    private = service(bulk={"max_bad_rate": 0.02}, privacy={"personal": True})
    with pytest.raises(TableError) as caught:
        Read(spoilt.source, private, spoilt.form, spoilt.columns, spoilt.rows).check()
    assert str(caught.value).endswith("age in 2, sex in 1, seen in 1")


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        pytest.param({"age": [1], "sex": ["F"]}, "lacks 1 of the 3 fields .* 'seen'", id="lacking"),
        pytest.param(GOOD | {"age": ["1", "2"]}, "age .string, expected integer", id="another type"),
    ],
)
def test_a_table_that_cannot_hold_the_fields_is_refused(columns: dict[str, list[object]], why: str) -> None:
    with pytest.raises(TableError, match=why):
        rows_of(service(), pa.table(columns))


def test_a_field_that_two_columns_are_called_by_is_refused() -> None:
    table = Table(Path("a.csv"), pa.table({"age": ["1"], "sex": ["F"]}), as_text=True, doubled=("seen",))
    with pytest.raises(TableError, match="more than one column named 'seen'"):
        rows_of(service(), table)
