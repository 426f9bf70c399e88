"""Records into rows: one at a time, and columns of them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serinus.category import REFUSED
from serinus.derive import DERIVATIONS
from serinus.errors import InputError
from serinus.field_columns import Distinct, derived_column
from serinus.fields import DerivedField
from serinus.record import Form
from serinus.sections import Input

FIELDS = [
    {"name": "plot_id", "type": "integer", "feature": False},
    {"name": "latitude", "type": "float", "minimum": -90, "maximum": 90, "unit": "deg"},
    {"name": "planting_date", "type": "date", "minimum": "2000-01-01"},
    {"name": "harvest_date", "type": "date", "optional": True},
    {"name": "season", "type": "string", "values": ["Long Rains", "Short Rains"]},
    {"name": "variety", "type": "string", "values": ["H614", "DK8031"], "others": "unknown", "optional": True},
    {"name": "irrigated", "type": "boolean", "default": False},
    {"name": "rain", "type": "float", "source": "either", "optional": True},
    {"name": "visits", "type": "integer", "source": "store", "minimum": 0, "default": 2},
    {"name": "day", "derive": "day_of_year", "of": ["planting_date"]},
    {"name": "growing", "derive": "days_between", "of": ["planting_date", "harvest_date"]},
    {"name": "per_visit", "derive": "ratio", "of": ["rain", "visits"]},
]
PLOTS = Input.model_validate({"fields": FIELDS, "missing": ["?"]})
FORM = Form.of(PLOTS, "allow")
GOOD = {"plot_id": 1, "latitude": -0.5, "planting_date": "2021-10-07", "season": "Short Rains"}


def test_the_features_are_the_fields_but_for_dates_and_ids():
    names = ("latitude", "season", "variety", "irrigated", "rain", "visits", "day", "growing", "per_visit")
    assert FORM.names == PLOTS.names == names


def test_a_record_is_read_with_what_is_stored():
    filled = FORM.read(GOOD | {"rain": 10.0}, FORM.base({"rain": 99.0, "visits": 4}))
    np.testing.assert_array_equal(filled.row, np.array([[-0.5, 1, np.nan, 0, 10, 4, 280, np.nan, 2.5]], np.float32))
    assert filled.used["season"] == "Short Rains"
    assert filled.sources == {
        "latitude": "request",
        "season": "request",
        "variety": "missing",
        "irrigated": "default",
        "rain": "request",
        "visits": "store",
        "day": "derived",
        "growing": "derived",
        "per_visit": "derived",
    }


def test_what_neither_request_nor_store_says_is_a_default_or_missing():
    filled = FORM.read(GOOD, FORM.base({}, "stale"))
    assert (filled.used["visits"], filled.sources["visits"]) == (2, "default")
    assert (filled.used["rain"], filled.sources["rain"]) == (None, "missing")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"latitude": 91}, "latitude: got 91, expected a number from -90 to 90 (deg)"),
        ({"latitude": "5"}, "latitude: got '5', expected a number"),
        ({"latitude": None}, "latitude: got None, expected a number"),
        ({"latitude": "?"}, "latitude: got None, expected a number"),
        ({"latitude": math.nan}, "latitude: got 'nan', expected a number"),
        ({"latitude": True}, "latitude: got True, expected a number"),
        ({"latitude": 10**400}, "expected a number from -90 to 90"),
        ({"planting_date": "2021-13-40"}, "planting_date: got '2021-13-40', expected a date such as"),
        ({"planting_date": "20211007"}, "expected a date such as 2021-10-07 of at least 2000-01-01"),
        ({"planting_date": "1999-12-31"}, "of at least 2000-01-01"),
        ({"planting_date": 18907}, "planting_date: got 18907"),
        ({"season": "Monsoon"}, "season: got 'Monsoon', expected one of 'Long Rains', 'Short Rains'"),
        ({"season": "x" * 10_000}, "..."),
        ({"variety": "x" * 10_000}, "a text of 1 to 200 characters, such as 'H614', 'DK8031', or null"),
        ({"irrigated": "true"}, "irrigated: got 'true', expected true or false"),
        ({"rain": 1e39}, "rain: got 1e+39, expected a number"),
        ({"soil": 1}, "soil: got 1, expected one of the fields plot_id, latitude, planting_date"),
        ({"day": 1}, "day: got 1, expected nothing: it is made of planting_date"),
        ({"visits": 1}, "visits: got 1, expected nothing: it is kept in the feature store"),
        ({"plot_id": 1.5}, "plot_id: got 1.5, expected a whole number"),
    ],
)
def test_bad_input_is_named_with_what_was_expected(said, message):
    with pytest.raises(InputError) as refusal:
        FORM.read(GOOD | said)
    assert message in str(refusal.value)


@pytest.mark.parametrize("stored", [-1, 2.5, "2", math.inf])
def test_a_bad_stored_value_is_refused_as_such(stored):
    with pytest.raises(InputError, match="so says the feature store"):
        FORM.read(GOOD, FORM.base({"visits": stored}))


def test_a_stored_feature_nobody_says_is_asked_for():
    required = Input.model_validate({"fields": [{"name": "rain", "type": "float", "source": "either"}]})
    with pytest.raises(InputError, match="rain: got None, expected a number, in the request or in the feature store"):
        Form.of(required, "reject").read({})


def test_the_store_is_asked_for_what_a_request_leaves_out():
    assert FORM.asks_store(GOOD)
    assert FORM.asks_store(GOOD | {"rain": None})
    either = Form.of(Input.model_validate({"fields": FIELDS[:5] + FIELDS[7:8]}), "allow")
    assert not either.asks_store(GOOD | {"rain": 1.0})


@pytest.mark.parametrize(("said", "key"), [(1, "1"), (1.0, "1"), (12, "12")])
def test_an_entity_has_one_spelling(said, key):
    assert FORM.entity({"plot_id": said}, "plot_id") == key


@pytest.mark.parametrize("said", [None, "1", True, 1.5, [1], 2.0**53, 1e300])
def test_what_is_no_entity_is_refused(said):
    with pytest.raises(InputError, match=r"plots\[0\]\.plot_id"):
        FORM.entity({"plot_id": said}, "plot_id", at="plots[0].")


def test_what_is_derived_without_a_value_is_refused_where_nothing_may_be_missing():
    fields = [{"name": "a", "type": "float"}, {"name": "b", "type": "float"}]
    ratio = {"name": "per", "derive": "ratio", "of": ["a", "b"]}
    form = Form.of(Input.model_validate({"fields": [*fields, ratio]}), "reject")
    assert form.read({"a": 1, "b": 2}).row.tolist() == [[1, 2, 0.5]]
    with pytest.raises(InputError, match="per: got None, expected a value; it is the ratio of 'a', 'b'"):
        form.read({"a": 1, "b": 0})
    columns = {"a": np.ones(2), "b": np.array([0.0, 1.0])}
    assert [len(form.problems(columns, row)) for row in range(2)] == [1, 0]


def test_what_is_derived_too_large_is_refused():
    fields = [{"name": "a", "type": "float"}, {"name": "b", "type": "float"}]
    ratio = {"name": "per", "derive": "ratio", "of": ["a", "b"]}
    form = Form.of(Input.model_validate({"fields": [*fields, ratio]}), "allow")
    with pytest.raises(InputError, match="per: got None, expected a value; it is the ratio of 'a', 'b'"):
        form.read({"a": 1e38, "b": 1e-38})


numbers = st.none() | st.floats(-100, 100) | st.integers(-3, 5)
words = st.sampled_from(["Long Rains", "Short Rains", "Monsoon", "?", None])
dates = st.none() | st.dates().map(lambda day: day.isoformat()) | st.sampled_from(["2021-02-30", "soon"])
records = st.fixed_dictionaries(
    {
        "latitude": numbers,
        "planting_date": dates,
        "harvest_date": dates,
        "season": words,
        "variety": st.sampled_from([None, "H614", "other"]),
        "irrigated": st.sampled_from([None, True, False, 1]),
        "rain": numbers,
        "visits": numbers,
    }
)


@settings(max_examples=200, deadline=None)
@given(st.lists(records, min_size=1, max_size=5))
def test_columns_make_the_same_rows_as_records(table):
    """A bad row is bad both ways, for the same reason."""
    everywhere = [field | {"source": "request"} if "type" in field else field for field in FIELDS]
    form = Form.of(Input.model_validate({"fields": everywhere[1:], "missing": ["?"]}), "allow")
    columns = {name: Distinct.of([record[name] for record in table]) for name in table[0]}
    for name in ("latitude", "rain", "visits"):
        columns[name] = np.array([math.nan if r[name] is None else float(r[name]) for r in table])
    rows = form.rows(columns)
    for place, record in enumerate(table):
        wrong = {problem.field for problem in form.problems(columns, place)}
        assert np.isinf(rows[place]).any() == bool(wrong)
        assert wrong == wrong_fields(form, record)
        if not wrong:
            np.testing.assert_array_equal(rows[place], form.read(record).row[0])


def wrong_fields(form: Form, record: dict[str, object]) -> set[str]:
    try:
        form.read(record)
    except InputError as error:
        return {problem.field for problem in error.problems}
    return set()


@pytest.mark.parametrize(
    ("field", "text", "number"),
    [
        (FIELDS[1], "12.5", 12.5),
        (FIELDS[1], "?", REFUSED),
        (FIELDS[1], "north", REFUSED),
        (FIELDS[1], "+1.5", 1.5),
        (FIELDS[1], "1_0", REFUSED),
        (FIELDS[1], "\u0661", REFUSED),
        (FIELDS[1], "nan", REFUSED),
        (FIELDS[7], "?", math.nan),
        (FIELDS[7], "", math.nan),
        (FIELDS[6], "TRUE", 1.0),
        (FIELDS[6], "0", 0.0),
        (FIELDS[6], "maybe", REFUSED),
        (FIELDS[4], "Long Rains", 0.0),
        (FIELDS[5], "other", -1.0),
    ],
)
def test_cells_of_text_files_mean_what_requests_say(field, text, number):
    form = Form.of(Input.model_validate({"fields": [field | {"source": "request"}], "missing": ["?"]}), "allow")
    rows = form.rows({field["name"]: Distinct.of([text], as_text=True)})
    np.testing.assert_array_equal(rows, np.array([[number]], np.float32))


numbers_of_rows = st.floats(-3.4e38, 3.4e38) | st.sampled_from([0.0, -0.0, 1e-300, math.nan, math.inf])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(numbers_of_rows, numbers_of_rows), min_size=1, max_size=8))
@pytest.mark.parametrize("derive", [name for name in DERIVATIONS if len(DERIVATIONS[name].of) > 1])
def test_columns_are_derived_as_single_values_are(derive, pairs):
    field = DerivedField(name="made", derive=derive, of=("a", "b"))
    columns = derived_column(field, np.array(pairs, np.float64).T)
    np.testing.assert_array_equal(columns, [DERIVATIONS[derive](*pair) for pair in pairs])
