"""Whatever is wrong with a record, one alone or in a batch, gets a 4xx that says what is allowed; never a 500."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.handlers.conftest import api_of, loaded
from tests.handlers.test_records import EVERYTHING, FRESH, Farm
from tests.records import PLOTS as TEXT
from tests.records import Shelf, stock_of, write_record_service

ALL = EVERYTHING | {"gdd_sum": 1000.0}


@pytest.fixture(scope="module")
def farm(tmp_path_factory) -> Farm:
    text = TEXT.replace('source = "store"', 'source = "either"')
    ensemble = loaded(write_record_service(tmp_path_factory.mktemp("bad") / "plots", text))
    shelf = Shelf({"1": FRESH})
    return Farm(api_of(ensemble, stock_of(ensemble.service, shelf)), shelf)


NUMBER = "a number from -90 to 90 (deg)"
SEASON = "one of 'Long Rains', 'Short Rains'"
DATE = "a date such as 2021-10-07 of at least 2000-01-01"
BAD = {
    "latitude 91": ("latitude", "91", NUMBER),
    "latitude -90.001": ("latitude", "-90.001", NUMBER),
    "latitude text": ("latitude", '"-0.5"', NUMBER),
    "latitude null": ("latitude", "null", NUMBER),
    "latitude true": ("latitude", "true", NUMBER),
    "latitude NaN": ("latitude", "NaN", NUMBER),
    "latitude -Infinity": ("latitude", "-Infinity", NUMBER),
    "latitude 1e400": ("latitude", "1e400", NUMBER),
    "latitude huge": ("latitude", "9" * 400, NUMBER),
    "latitude list": ("latitude", "[1]", NUMBER),
    "latitude object": ("latitude", '{"latitude": 1}', NUMBER),
    "month 13": ("planting_date", '"2021-13-40"', DATE),
    "February 30": ("planting_date", '"2021-02-30"', DATE),
    "date before": ("planting_date", '"1999-12-31"', DATE),
    "date of year 0": ("planting_date", '"0000-01-01"', DATE),
    "date and time": ("planting_date", '"2021-10-07T00:00:00Z"', DATE),
    "date with other digits": ("planting_date", '"\u0662\u0660\u0662\u0661-10-07"', DATE),
    "date number": ("planting_date", "20211007", DATE),
    "Monsoon": ("season", '"Monsoon"', SEASON),
    "season number": ("season", "1", SEASON),
    "season long": ("season", json.dumps("x" * 1_000_000), SEASON),
    "season null bytes": ("season", '"Short Rains\\u0000"', SEASON),
    "season empty": ("season", '""', SEASON),
    "season missing": ("season", '"?"', SEASON),
    "season half a character": ("season", '"\\ud800"', SEASON),
    "variety half a character": ("variety", '"\\ud800"', "a text of 1 to 200 characters"),
    "variety long": ("variety", json.dumps("x" * 201), "a text of 1 to 200 characters"),
    "irrigated text": ("irrigated", '"true"', "true or false"),
    "irrigated number": ("irrigated", "1", "true or false"),
    "altitude": ("altitude", "8848", "from -430 to 5895 (m), in the request or in the feature store"),
    "extra": ("soil", "1", "one of the fields plot_id, latitude, longitude"),
    "extra, long": ("x" * 100_000, "1", "one of the fields"),
    "extra, half a character": ("\\ud800", "1", "one of the fields"),
    "extra, empty": ("", "1", "one of the fields"),
    "derived": ("planting_day", "280", "nothing: it is made of planting_date"),
    "plot_id fraction": ("plot_id", "1.5", "a whole number of at least 1"),
    "plot_id huge": ("plot_id", "1e300", "a whole number of at least 1"),
    "plot_id text": ("plot_id", '"1"', "a whole number of at least 1"),
}


def body_with(name: str, value: str) -> str:
    """The good record, `name` said as the text `value`."""
    others = {one: json.dumps(said) for one, said in ALL.items() if one != name}
    if name == "plot_id":
        del others["altitude"]  # so that the store is to be asked
    return "{" + ", ".join(f'"{one}": {said}' for one, said in {**others, name: value}.items()) + "}"


@pytest.mark.parametrize(("name", "value", "expected"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("path", ["/predict", "/api/v1/models/ridge/predict"])
def test_a_bad_field_is_refused_by_name(farm, path, name, value, expected):
    answer = farm.predict(body_with(name, value).encode(), path)
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 5_000
    [error] = problem["errors"]
    assert error["field"].startswith(name[:50])
    assert expected in error["expected"]


@pytest.mark.parametrize(("name", "value", "expected"), BAD.values(), ids=BAD)
def test_a_bad_field_costs_a_batch_its_sample_only(farm, name, value, expected):
    body = f'{{"plots": [{json.dumps(ALL)}, {body_with(name, value)}]}}'
    answer = farm.predict(body.encode(), "/predict/batch")
    assert answer.status_code == 200, answer.text
    good, bad = answer.json()["predictions"]
    [error] = answer.json()["errors"][0]["errors"]
    assert (good["plot_id"], bad) == (1, None)
    assert error["field"].startswith(f"plots[1].{name[:40]}")
    assert expected in error["expected"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param(b"", "body", id="empty"),
        pytest.param(b"{", "body", id="cut"),
        pytest.param(b"[]", "body", id="list"),
        pytest.param(b"null", "body", id="null"),
        pytest.param(b"{}", "plots", id="no members"),
        pytest.param(b"\xff\xfe", "body", id="no text"),
        pytest.param(b'{"plots": ' + b"[" * 100_000, "body", id="deep"),
        pytest.param(b'{"plots": ' + b'{"a":' * 100_000, "body", id="deep objects"),
        pytest.param(b'{"plots": {}}', "plots", id="object"),
        pytest.param(b'{"plots": []}', "plots", id="none"),
        pytest.param(b'{"plots": null}', "plots", id="plots null"),
        pytest.param(b'{"plots": "x"}', "plots", id="text"),
        pytest.param(b'{"plots": [[]]}', "plots[0]", id="lists"),
        pytest.param(b'{"plots": [null]}', "plots[0]", id="nulls"),
        pytest.param(b'{"plots": ["x"]}', "plots[0]", id="texts"),
        pytest.param(b'{"plots": [{}]}', "plots[0].plot_id", id="empty records"),
        pytest.param(b'{"plots": [%s]}' % b",".join([b"{}"] * 101), "plots", id="too many"),
        pytest.param(b'{"plots": [{}], "samples": [{}]}', "plots", id="both"),
        pytest.param(b'{"plots": [{}], "plots": [{}]}', "plots", id="twice"),
        pytest.param(b'{"plots": [{}], "season": "Monsoon"}', "season", id="a field beside"),
        pytest.param(b'{"plots": [{}], "model": 1}', "model", id="option"),
        pytest.param(b'{"plots": [{}], "return_all_models": true}', "return_all_models", id="every model"),
    ],
)
def test_what_is_no_batch_is_refused(farm, body, field):
    problem = farm.predict(body, "/predict/batch").json()
    assert (problem["status"], problem["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff", b'{"a":' * 100_000, b"[" * 100_000, b"{}", b'{"plots": []}'],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_what_is_no_record_is_refused(farm, body):
    problem = farm.predict(body).json()
    assert problem["status"] == 422
    assert problem["errors"]


def test_the_last_of_all_days_is_a_date(farm):
    assert farm.predict(ALL | {"planting_date": "9999-12-31"}).status_code == 200


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.sampled_from(["?", "1"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
names = st.sampled_from([*ALL, "plots", "samples", "model", "model_name", "voting", "return_all_models"]) | st.text()
objects = st.dictionaries(names, values, max_size=8)
nearly = st.builds(lambda said: ALL | said, st.dictionaries(names, values, min_size=1, max_size=2))
bodies = objects | nearly | st.lists(objects | nearly | values, max_size=4).map(lambda plots: {"plots": plots}) | values


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=bodies, path=st.sampled_from(["/predict", "/predict/batch"]))
def test_no_json_is_answered_with_a_500(farm, body, path):
    answer = farm.predict(json.dumps(body).encode(), path)
    assert answer.status_code in (200, 404, 422), answer.text
    if answer.status_code != 200:
        assert all(error["expected"] for error in answer.json()["errors"])
        assert answer.json()["errors"]


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=200), path=st.sampled_from(["/predict", "/predict/batch"]))
def test_no_bytes_are_answered_with_a_500(farm, body, path):
    assert farm.predict(body, path).status_code == 422
