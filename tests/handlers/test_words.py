"""A service whose callers say words, and call features by their names."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.predict import shapes
from functions.predict.row_schema import row_schema, written
from serinus.rows import Layout
from tests.bundles import LABELS
from tests.handlers.conftest import COLOUR, NAMES, PLAN

ONE, BATCH = "/api/v1/predict", "/api/v1/predict/batch"
ROW = ["green", 0.5, "2", -1.5]


def by_name(row: list[object]) -> dict[str, object]:
    return dict(zip(NAMES, row, strict=True))


def answered(wordy, numbers: list[float]) -> dict[str, float]:
    """What the best model says of a row, given as it sees it."""
    shares = wordy.ensemble.predictors["linear"].predict(np.array([numbers], np.float32)).probabilities[0].tolist()
    return dict(zip(LABELS, shares, strict=True))


@pytest.mark.parametrize(
    ("row", "numbers"),
    [
        pytest.param(ROW, [1, 0.5, 1, -1.5], id="words"),
        pytest.param(["red", 0, "nan", 0], [0, 0, 2, 0], id="the word nan"),
        pytest.param(["red", 0, "gold", 0], [0, 0, -1, 0], id="an unknown word"),
        pytest.param([None, None, None, 1], [float("nan")] * 3 + [1], id="missing"),
    ],
)
def test_a_row_of_words_is_answered_as_its_numbers_are(wordy, row, numbers):
    for features in (row, by_name(row), dict(reversed(by_name(row).items()))):
        answer = wordy.post(ONE, {"features": features})
        assert answer.status_code == 200
        assert answer.json()["prediction"]["probabilities"] == answered(wordy, numbers)


def test_the_samples_of_a_batch_may_be_lists_or_named(wordy):
    samples = [ROW, by_name(ROW), ["pink", 1, "1", 1], {**by_name(ROW), "depht": 1}, by_name(ROW)]
    body = wordy.post(BATCH, {"samples": samples}).json()
    shapes.BatchAnswer.model_validate(body)
    good = [one and one["probabilities"] for one in body["predictions"]]
    expected = wordy.post(ONE, {"features": ROW}).json()["prediction"]["probabilities"]
    assert good == [pytest.approx(expected), pytest.approx(expected), None, None, pytest.approx(expected)]
    assert [error["errors"][0]["field"] for error in body["errors"]] == ["samples[2][0]", "samples[3].depht"]


def test_a_name_given_twice_costs_no_other_sample_its_answer(wordy):
    named = json.dumps(by_name(ROW))
    twice = named[:-1] + ', "depth": 1}'
    body = wordy.post(BATCH, f'{{"samples": [{named}, {twice}]}}'.encode()).json()
    assert [one is None for one in body["predictions"]] == [False, True]
    assert body["errors"][0]["errors"] == [
        {"field": "samples[1].depth", "value": "2 times", "expected": "each name once"}
    ]


@pytest.mark.parametrize("path", [ONE, "/models/bent/predict"])
@pytest.mark.parametrize(
    ("features", "field", "value", "expected"),
    [
        pytest.param(["pink", 1, "1", 1], "features[0]", "pink", "one of 'red', 'green', 'blue'", id="unknown word"),
        pytest.param([0, 1, "1", 1], "features[0]", 0, "one of 'red'", id="number of a word"),
        pytest.param(["red", 1, 1, 1], "features[2]", 1, "a word, such as '1', '2', 'nan'", id="looks like a word"),
        pytest.param([0, 1, 1, 1], "features[0]", 0, "one of 'red'", id="numbers alone"),
        pytest.param(["red", "1", "1", 1], "features[1]", "1", "a finite number", id="word for a number"),
        pytest.param({**by_name(ROW), "colour": "pink"}, "features.colour", "pink", "one of 'red'", id="by name"),
        pytest.param({"colour": "red"}, "features.depth", None, "under this name", id="missing names"),
        pytest.param({**by_name(ROW), "id": 1}, "features.id", 1, "a feature of the models", id="unknown name"),
        pytest.param(ROW[:3], "features", "a list of 3", "a list of 4 numbers and words", id="short"),
    ],
)
def test_what_does_not_belong_there_is_refused_by_name(wordy, path, features, field, value, expected):
    answer = wordy.post(path, {"features": features})
    assert answer.status_code == 422
    first = answer.json()["errors"][0]
    assert (first["field"], first["value"]) == (field, value)
    assert expected in first["expected"]


def test_a_renamed_column_is_refused_with_both_names(wordy):
    features = {"duration" if name == "period" else name: value for name, value in by_name(ROW).items()}
    errors = wordy.post(ONE, {"features": features}).json()["errors"]
    assert {error["field"] for error in errors} == {"features.period", "features.duration"}


def test_words_never_reach_the_log(wordy):
    wordy.post(ONE, {"features": ["secretly", 1, "1", 1]}, headers={"x-request-id": "words"})
    [line] = [line for line in wordy.logged if line["request_id"] == "words"]
    assert line["refused"] == "features[0]"
    assert "secretly" not in wordy.log.getvalue()


def test_the_names_and_words_of_a_model_are_told(wordy):
    schema = wordy.get("/models/linear/info").json()["input_schema"]
    assert schema["names"] == list(NAMES)
    assert schema["categories"] == {"colour": COLOUR.model_dump(mode="json"), "plan": PLAN.model_dump(mode="json")}


def test_the_openapi_page_shows_names_and_words(wordy):
    page = wordy.get("/openapi.json").json()
    named, listed = page["components"]["schemas"]["PredictBody"]["properties"]["features"]["oneOf"]
    assert named["required"] == list(NAMES)
    assert named["properties"]["colour"]["enum"] == ["red", "green", "blue", None]
    assert named["properties"]["plan"]["examples"] == ["1", "2", "nan"]
    assert [value["title"] for value in listed["prefixItems"]] == list(NAMES)
    assert [value["type"] for value in listed["prefixItems"]] == [["string", "null"], ["number", "null"]] * 2
    assert page["components"]["schemas"]["BatchBody"]["properties"]["samples"]["items"] == {"oneOf": [named, listed]}


def test_the_openapi_page_of_numbers_shows_numbers(kepler):
    body = kepler.get("/openapi.json").json()["components"]["schemas"]["PredictBody"]
    features = body["properties"]["features"]
    assert (features["type"], features["minItems"], features["items"]) == ("array", 784, {"type": "number"})


def test_words_without_names_are_shown_by_place():
    layout = Layout(2, "reject", categories={1: COLOUR})
    shown = row_schema(layout)
    assert [value["type"] for value in shown["prefixItems"]] == ["number", "string"]
    assert written(np.array([[0.5, 2]], np.float32), layout) == [0.5, "blue"]


@pytest.mark.parametrize("path", [ONE, BATCH])
def test_the_example_of_the_openapi_page_is_answered_and_of_known_words(wordy, path):
    operation = wordy.get("/openapi.json").json()["paths"][path]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    (shapes.PredictBody if path == ONE else shapes.BatchBody).model_validate(example)
    assert wordy.post(path, example).status_code == 200
    [features] = [example["features"]] if path == ONE else example["samples"]
    assert (features["colour"], features["plan"]) == ("red", "1")  # the golden row itself has an unknown plan


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([*COLOUR.words, *PLAN.words, "", "gold"]),
    st.text(st.characters(codec=None), max_size=8),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
ROWS = st.one_of(
    st.lists(VALUES, min_size=4, max_size=4),
    st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES)),
    st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=4)), VALUES, max_size=6),
    VALUES,
)


@pytest.mark.parametrize("service", ["wordy", "gappy"])
@given(row=ROWS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
def test_no_value_in_any_place_makes_a_fault(request, service, row):
    answer = request.getfixturevalue(service).post(ONE, {"features": row})
    assert answer.status_code in (200, 422)
    assert answer.status_code == 200 or answer.json()["errors"]


@given(rows=st.lists(ROWS, min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
def test_a_sample_is_taken_exactly_when_it_is_taken_alone(wordy, rows):
    alone = [wordy.post(ONE, {"features": row}) for row in rows]
    batch = wordy.post(BATCH, {"samples": rows})
    fine = [answer.status_code == 200 for answer in alone]
    assert batch.status_code == (200 if any(fine) else 422)
    if any(fine):
        assert [one is not None for one in batch.json()["predictions"]] == fine
