"""Fields and what is derived of them, and the sections of service.toml that say so."""

import math
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from serinus import derive
from serinus.derive import DERIVATIONS
from serinus.fields import GivenField
from serinus.schema import InputSchema
from serinus.sections import Input


def field(**said: object) -> GivenField:
    return GivenField.model_validate({"name": "x", "type": "float"} | said)


@given(st.dates())
def test_a_date_is_its_days_since_1970(day):
    number = field(type="date").number(day.isoformat())
    assert date(1970, 1, 1) + timedelta(days=number) == day
    assert field(type="date").number(day) == number
    assert field(type="date").written(number) == day.isoformat()


@given(st.dates())
def test_parts_of_dates_are_the_calendar_s(day):
    number = derive.days(day)
    got = {name: DERIVATIONS[name](number) for name in DERIVATIONS if DERIVATIONS[name].of == ("date",)}
    angle = 2 * math.pi * (day.timetuple().tm_yday - 1) / 365.2425
    assert got == {
        "year": day.year,
        "month": day.month,
        "day_of_month": day.day,
        "day_of_year": (day - date(day.year, 1, 1)).days + 1,
        "day_of_week": day.weekday() + 1,
        "sine_of_year": math.sin(angle),
        "cosine_of_year": math.cos(angle),
    }


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("days_between", (10.0, 13.0), 3.0),
        ("difference", (10.0, 13.0), -3.0),
        ("ratio", (1.0, 4.0), 0.25),
        ("ratio", (1.0, 0.0), math.nan),
        ("log1p", (0.0,), 0.0),
        ("log1p", (-1.0,), math.nan),
        ("log1p", (math.nan,), math.nan),
        ("ratio", (math.nan, math.inf), math.inf),
    ],
)
def test_what_is_derived_of_numbers(name, arguments, expected):
    assert DERIVATIONS[name](*arguments) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, "a number"),
        ({"minimum": 0}, "a number of at least 0"),
        ({"maximum": 2.5, "unit": "t"}, "a number of at most 2.5 (t)"),
        ({"type": "integer", "minimum": 1, "maximum": 12, "default": 3}, "a whole number from 1 to 12, or null"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "string", "values": ["a", "b"]}, "one of 'a', 'b'"),
        ({"type": "string", "feature": False}, "a text of 1 to 200 characters"),
        ({"type": "date", "maximum": "2030-01-01"}, "a date such as 2021-10-07 of at most 2030-01-01"),
    ],
)
def test_a_field_says_what_is_expected(said, expected):
    assert field(**said).expected.startswith(expected)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"minimum": 2, "maximum": 1}, "field x: minimum 2.0 is above maximum 1.0"),
        ({"minimum": "2020-01-01"}, "minimum and maximum of a float must be numbers"),
        ({"type": "date", "minimum": 3.5}, "minimum and maximum of a date must be dates"),
        ({"type": "string", "minimum": 3}, "minimum and maximum of a string"),
        ({"values": ["a"]}, "values belong to a field of type string"),
        ({"type": "string"}, "a string is a feature only by its values"),
        ({"default": 5, "maximum": 4}, "default 5 is not a number of at most 4"),
        ({"type": "integer", "example": 1.5}, "example 1.5 is not a whole number"),
        (
            {"type": "string", "values": ["a", "a"]},
            "field x: its values must differ from each other, got .'a'. more than once",
        ),
        ({"kind": "float"}, "Extra inputs"),
    ],
)
def test_a_field_that_contradicts_itself_is_refused(said, message):
    with pytest.raises(ValidationError, match=message):
        field(**said)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ({}, 1.5),
        ({"type": "integer"}, 7),
        ({"type": "boolean"}, True),
        ({"type": "string", "values": ["a", "b"]}, "b"),
        ({"type": "date"}, "2021-10-07"),
        ({"optional": True}, None),
    ],
)
def test_a_value_is_written_as_it_was_read(said, value):
    written = field(**said).written(field(**said).number(value))
    assert (written, type(written)) == (value, type(value))


def test_a_word_nobody_knows_is_written_as_none():
    words = field(type="string", values=["a"], others="unknown")
    assert words.written(words.number("b")) is None


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "expected either features = N or"),
        ({"features": 2, "fields": [{"name": "x", "type": "float"}]}, "expected either features = N or"),
        ({"fields": [{"name": "x", "type": "float"}] * 2}, "more than once"),
        ({"fields": [{"name": "x", "type": "date"}]}, "none of the fields is a feature"),
        ({"fields": [{"name": "x", "derive": "week", "of": ["d"]}]}, "derive 'week' is none of year, month"),
        ({"fields": [{"name": "x", "derive": "month", "of": []}]}, "month is of 1 fields, got"),
        (
            {"fields": [{"name": "x", "type": "float"}, {"name": "m", "derive": "month", "of": ["x"]}]},
            "field m: month is of a date, but x is a number",
        ),
        ({"fields": [{"name": "m", "derive": "month", "of": ["d"]}]}, "month is of a date, but d is none of"),
    ],
)
def test_fields_that_do_not_fit_each_other_are_refused(said, message):
    with pytest.raises(ValidationError, match=message):
        Input.model_validate(said)


def test_fields_of_one_meaning_make_the_same_number():
    assert field().meaning == field(minimum=0, description="anything").meaning
    assert field().meaning != field(unit="t").meaning
    assert field().meaning != field(default=1).meaning
    words = [field(type="string", values=values).meaning for values in (["a", "b"], ["b", "a"])]
    assert words[0] != words[1]


@pytest.mark.parametrize(
    "told",
    [
        {"type": "boolean", "example": False},
        {"type": "integer", "example": 3, "default": 1, "minimum": 0},
        {"type": "float", "example": 0.5},
        {"type": "date", "example": "2021-10-07", "minimum": date(2000, 1, 1)},
    ],
    ids=lambda told: told["type"],
)
def test_a_field_is_the_same_when_it_was_kept_in_a_bundle(told):
    feature = field(name="y")
    schema = InputSchema.of(1, ["y"]).model_copy(update={"fields": (field(**told), feature)})
    assert InputSchema.model_validate_json(schema.model_dump_json()) == schema
