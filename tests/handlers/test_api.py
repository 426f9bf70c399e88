"""The API: good requests get the documented shapes, bad ones a 4xx that names what is wrong, none a 500."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from functions.predict import shapes
from functions.predict.app import create_app
from functions.predict.loading import Loading
from functions.predict.server import application
from functions.predict.server_telemetry import ServerTelemetry
from functions.predict.start import start
from serinus import service as services
from serinus.bundle import Bundle
from serinus.ensemble import Ensemble
from serinus.errors import BundleError
from serinus.predictor import Predictor
from tests.bundles import LABELS, resigned, write_service
from tests.handlers.conftest import api_of

PREFIXES = pytest.mark.parametrize("prefix", ["/api/v1", ""], ids=["prefixed", "bare"])
ROW = np.random.default_rng(7).normal(size=784).astype(np.float32)
FEATURES = ROW.tolist()
NAMES = ["keras_cnn", "xgboost", "random_forest"]


def with_row(**members: object) -> dict[str, object]:
    return {"features": FEATURES, **members}


def text_row(value: str, size: int = 784) -> bytes:
    """A body whose fourth feature is spelled `value`."""
    values = ["0.5"] * size
    values[3] = value
    return f'{{"features": [{", ".join(values)}]}}'.encode()


@PREFIXES
def test_a_row_gets_the_prediction_of_the_best_model(kepler, prefix):
    answer = kepler.post(f"{prefix}/predict", with_row(model="auto", return_probabilities=True))
    body = answer.json()
    shapes.PredictAnswer.model_validate(body)
    expected = kepler.ensemble.predictors["keras_cnn"].predict(ROW[None])
    assert answer.status_code == 200
    assert body["model"]["name"] == "keras_cnn"
    assert body["prediction"]["probabilities"] == dict(zip(LABELS, expected.probabilities[0].tolist(), strict=True))
    assert body["prediction"]["class"] == body["prediction"]["class_name"] == LABELS[expected.ids[0]]
    assert body["prediction"]["confidence"] == max(body["prediction"]["probabilities"].values())


@pytest.mark.parametrize("name", NAMES)
@PREFIXES
def test_a_model_is_named_by_the_body_or_by_the_path(kepler, prefix, name):
    by_body = kepler.post(f"{prefix}/predict", with_row(model=name)).json()
    by_path = kepler.post(f"{prefix}/models/{name}/predict", with_row()).json()
    assert by_body["model"]["name"] == by_path["model"]["name"] == name
    assert by_body["prediction"] == by_path["prediction"]


def test_probabilities_are_left_out_on_request(kepler):
    prediction = kepler.post("/predict", with_row(return_probabilities=False)).json()["prediction"]
    assert sorted(prediction) == ["class", "class_id", "class_name", "confidence"]


@pytest.mark.parametrize("voting", ["soft", "hard", None])
@PREFIXES
def test_every_model_answers_and_they_vote(kepler, prefix, voting):
    answer = kepler.post(f"{prefix}/predict", with_row(return_all_models=True, voting=voting)).json()
    shapes.EveryoneAnswer.model_validate(answer)
    votes = [one["class"] for one in answer["individual_predictions"].values()]
    assert list(answer["individual_predictions"]) == NAMES
    assert answer["ensemble_prediction"]["voting"] == (voting or "soft")
    assert answer["agreement_score"] == pytest.approx(votes.count(answer["ensemble_prediction"]["class"]) / 3)
    shares = [one["probabilities"] for one in answer["individual_predictions"].values()]
    expected = {
        label: np.mean([share[label] for share in shares]) if voting != "hard" else votes.count(label) / 3
        for label in LABELS
    }
    assert answer["ensemble_prediction"]["probabilities"] == pytest.approx(expected)


def test_a_tie_is_said_and_how_it_was_broken(fresh):
    answer = fresh.post("/predict", {"features": [0, 0, 0], "return_all_models": True}).json()
    shapes.EveryoneAnswer.model_validate(answer)
    assert answer["ensemble_prediction"]["tie_break"].startswith("equal mean probabilities")


@PREFIXES
def test_a_batch_is_answered_as_its_rows_are_alone(kepler, prefix):
    rows = np.random.default_rng(8).normal(size=(10, 784)).astype(np.float32).tolist()
    answer = kepler.post(f"{prefix}/predict/batch", {"samples": rows, "model": "xgboost"})
    shapes.BatchAnswer.model_validate(answer.json())
    alone = [kepler.post("/predict", {"features": row, "model": "xgboost"}).json()["prediction"] for row in rows]
    assert [one["class"] for one in answer.json()["predictions"]] == [one["class"] for one in alone]
    for together, single in zip(answer.json()["predictions"], alone, strict=True):
        assert together["probabilities"] == pytest.approx(single["probabilities"], abs=1e-6)


@pytest.mark.parametrize("bad", [FEATURES[:-1], "x", None, [*FEATURES[:-1], None], [[0.5], *FEATURES[1:]]])
def test_one_bad_sample_of_a_hundred_costs_no_other_its_answer(kepler, bad):
    samples = [FEATURES] * 100
    samples[41] = bad
    answer = kepler.post("/api/v1/predict/batch", {"samples": samples})
    body = answer.json()
    shapes.BatchAnswer.model_validate(body)
    assert answer.status_code == 200
    assert [place for place, one in enumerate(body["predictions"]) if one is None] == [41]
    [error] = body["errors"]
    assert error["index"] == 41
    assert error["errors"][0]["field"].startswith("samples[41]")
    assert (body["metadata"]["samples"], body["metadata"]["failed"]) == (100, 1)


def test_a_sample_without_a_finite_answer_costs_no_other_its_answer(fresh):
    answer = fresh.post("/predict/batch", {"samples": [[3e38, 3e38, -3e38], [1, 2, 3], [1, 2]]})
    body = answer.json()
    shapes.BatchAnswer.model_validate(body)
    assert [one is None for one in body["predictions"]] == [True, False, True]
    assert [error["index"] for error in body["errors"]] == [0, 2]
    assert body["errors"][0]["errors"][0]["value"] == "numbers up to 3e+38 in size"


def test_a_missing_value_is_null_where_the_models_take_it(gappy):
    answer = gappy.post("/predict", {"features": [None, 1, 2]})
    assert answer.status_code == 200
    assert answer.json()["prediction"] == gappy.post("/predict", {"features": [0, 1, 2]}).json()["prediction"]


def chunks(total: int, size: int = 1 << 20) -> AsyncIterator[bytes]:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(total // size):
            yield b" " * size

    return stream()


@dataclass(frozen=True)
class Bad:
    """How a bad request is refused; None where the case does not care."""

    status: int
    field: str | None
    value: object
    expected: str


BATCH = "/api/v1/predict/batch"
ONE = "/api/v1/predict"
BAD = [
    pytest.param(ONE, {"features": FEATURES[:-1]}, Bad(422, "features", "a list of 783", "784"), id="783 features"),
    pytest.param(ONE, {"features": [*FEATURES, 0]}, Bad(422, "features", "a list of 785", "784"), id="785 features"),
    pytest.param(ONE, text_row('"0.5"'), Bad(422, "features[3]", "0.5", "number"), id="a string"),
    pytest.param(ONE, text_row("true"), Bad(422, "features[3]", True, "number"), id="a boolean"),
    pytest.param(ONE, text_row("null"), Bad(422, "features[3]", None, "number"), id="null"),
    pytest.param(ONE, text_row("NaN"), Bad(422, "features[3]", "NaN", "finite"), id="NaN"),
    pytest.param(ONE, text_row("Infinity"), Bad(422, "features[3]", "Infinity", "finite"), id="Infinity"),
    pytest.param(ONE, text_row("-Infinity"), Bad(422, "features[3]", "-Infinity", "finite"), id="-Infinity"),
    pytest.param(ONE, text_row("1e39"), Bad(422, "features[3]", 1e39, "float32"), id="1e39"),
    pytest.param(ONE, text_row("-1e39"), Bad(422, "features[3]", -1e39, "float32"), id="-1e39"),
    pytest.param(ONE, text_row("1e400"), Bad(422, "features[3]", "Infinity", "finite"), id="1e400"),
    pytest.param(ONE, text_row("1" + "0" * 39), Bad(422, "features[3]", "1" + "0" * 39, "float32"), id="integer 1e39"),
    pytest.param(ONE, text_row("1" * 5000), Bad(422, "body", None, "shorter numbers"), id="integer of 5000 digits"),
    pytest.param(ONE, {"features": [FEATURES]}, Bad(422, "features", "a list of 1", "784"), id="nested list"),
    pytest.param(
        ONE, {"features": [[x] for x in FEATURES]}, Bad(422, "features[0]", "a list of 1", "number"), id="column"
    ),
    pytest.param(ONE, {"features": [*FEATURES, []]}, Bad(422, "features", "a list of 785", "784"), id="flattens"),
    pytest.param(ONE, {"features": []}, Bad(422, "features", "a list of 0", "784"), id="empty list"),
    pytest.param(ONE, {"features": "1, 2"}, Bad(422, "features", "1, 2", "784"), id="row as text"),
    pytest.param(
        ONE, {"features": {"a": 1}}, Bad(422, "features", "an object of 1 members", "784"), id="row as object"
    ),
    pytest.param(ONE, {"feature": FEATURES}, Bad(422, "features", None, "a list"), id="no features"),
    pytest.param(ONE, b"", Bad(422, "body", "", "JSON object"), id="empty body"),
    pytest.param(ONE, b'{"features": [1,', Bad(422, "body", None, "JSON: "), id="broken JSON"),
    pytest.param(ONE, [1, 2], Bad(422, "body", "a list of 2", "JSON object"), id="JSON list"),
    pytest.param(ONE, 5, Bad(422, "body", 5, "JSON object"), id="JSON number"),
    pytest.param(ONE, b'{"features": "\xff"}', Bad(422, "body", "byte 0xff at 14", "UTF-8"), id="invalid UTF-8"),
    pytest.param(ONE, b'{"features": ' + b"[" * 100_000, Bad(422, "body", None, "flat"), id="deep nesting"),
    pytest.param(
        ONE, b'{"features": [1], "features": [2]}', Bad(422, "features", "2 times", "once"), id="duplicate member"
    ),
    pytest.param(ONE, with_row(model="resnet"), Bad(422, "model", "resnet", "keras_cnn"), id="unknown model"),
    pytest.param(ONE, with_row(model=""), Bad(422, "model", "", "keras_cnn"), id="empty model"),
    pytest.param(ONE, with_row(model=None), Bad(422, "model", None, "name"), id="model null"),
    pytest.param(ONE, with_row(model=10**30), Bad(422, "model", str(10**30), "name"), id="model a huge integer"),
    pytest.param(ONE, with_row(model="\ud800"), Bad(422, "model", "\\ud800", "keras_cnn"), id="model no unicode"),
    pytest.param(ONE, with_row(model=float("nan")), Bad(422, "model", "nan", "name"), id="model NaN"),
    pytest.param(ONE, with_row(model=["auto"]), Bad(422, "model", "a list of 1", "name"), id="model a list"),
    pytest.param(ONE, with_row(voting="loud"), Bad(422, "voting", "loud", "soft or hard"), id="unknown voting"),
    pytest.param(ONE, with_row(voting=1), Bad(422, "voting", 1, "soft or hard"), id="voting a number"),
    pytest.param(ONE, with_row(return_probabilities="yes"), Bad(422, "return_probabilities", "yes", "true"), id="yes"),
    pytest.param(ONE, with_row(return_all_models=1), Bad(422, "return_all_models", 1, "true or false"), id="one"),
    pytest.param(ONE, with_row(threshold=0.5), Bad(422, "threshold", 0.5, "one of"), id="unknown member"),
    pytest.param(ONE, with_row(**{"\ud800" * 100: 0}), Bad(422, None, 0, "one of"), id="unknown member, no unicode"),
    pytest.param(
        ONE, with_row(**{f"m{i}": 0 for i in range(90_000)}), Bad(422, "m0", 0, "one of"), id="90,000 members"
    ),
    pytest.param(
        ONE, {f"m{i}": 0 for i in range(90_000)}, Bad(422, "features", None, "a list"), id="90,000 members, no row"
    ),
    pytest.param(
        "/api/v1/models/resnet/predict", with_row(), Bad(404, "model", "resnet", "xgboost"), id="model of path"
    ),
    pytest.param(
        "/models/%ED%A0%80/predict", with_row(), Bad(404, "model", None, "xgboost"), id="model of path, no utf-8"
    ),
    pytest.param(
        "/models/xgboost/predict",
        with_row(model="keras_cnn"),
        Bad(422, "model", "keras_cnn", "xgboost"),
        id="two models",
    ),
    pytest.param("/api/v1/predictt", with_row(), Bad(404, "path", "/api/v1/predictt", "/docs"), id="unknown path"),
    pytest.param("/api/v1/predict/", with_row(), Bad(404, "path", "/api/v1/predict/", "/docs"), id="slash too many"),
    pytest.param("/api/v1/health", {}, Bad(405, "method", "POST", "GET"), id="wrong method"),
    pytest.param(ONE, b" " * 10_000_000, Bad(413, "body", "10000000 bytes or more", "6291456"), id="10 MB"),
    pytest.param(ONE, chunks(10 << 20), Bad(413, "body", "7340032 bytes or more", "6291456"), id="10 MB streamed"),
    pytest.param(BATCH, b" " * 10_000_000, Bad(413, "body", "10000000 bytes or more", "6291456"), id="batch of 10 MB"),
    pytest.param(BATCH, {"samples": []}, Bad(422, "samples", "a list of 0", "1 to 100"), id="batch empty"),
    pytest.param(
        BATCH, {"samples": [FEATURES] * 101}, Bad(422, "samples", "a list of 101", "1 to 100"), id="over limit"
    ),
    pytest.param(
        BATCH, {"samples": {"a": 1}}, Bad(422, "samples", "an object of 1 members", "1 to 100"), id="batch object"
    ),
    pytest.param(BATCH, {"samples": "x"}, Bad(422, "samples", "x", "1 to 100"), id="batch text"),
    pytest.param(BATCH, {"samples": None}, Bad(422, "samples", None, "1 to 100"), id="batch null"),
    pytest.param(
        BATCH,
        {"features": FEATURES},
        Bad(422, "samples", "an object of features", "a list"),
        id="batch without samples",
    ),
    pytest.param(
        BATCH, {"samples": [FEATURES[1:]] * 3}, Bad(422, "samples[0]", "a list of 783", "784"), id="rows too short"
    ),
    pytest.param(BATCH, {"samples": FEATURES[:9]}, Bad(422, "samples[0]", FEATURES[0], "784"), id="a row as batch"),
    pytest.param(BATCH, {"samples": [["x"] * 784] * 100}, Bad(422, "samples[0][0]", "x", "number"), id="all bad"),
    pytest.param(
        BATCH, {"samples": [FEATURES], "model": "x"}, Bad(422, "model", "x", "auto"), id="batch unknown model"
    ),
    pytest.param(
        BATCH,
        {"samples": [FEATURES], "return_all_models": True},
        Bad(422, "return_all_models", True, "row by row"),
        id="all",
    ),
    pytest.param(
        BATCH, {"samples": [[3e38] * 784]}, Bad(422, "samples[0]", None, "finite answer"), id="no finite answer"
    ),
    pytest.param(
        ONE, {"features": [3e38] * 784}, Bad(422, "features", None, "finite answer"), id="row, no finite answer"
    ),
    pytest.param(
        ONE,
        {"features": [3e38] * 784, "return_all_models": True},
        Bad(422, "features", None, "finite"),
        id="every model",
    ),
]


def assert_refused(answer: httpx.Response, status: int) -> shapes.ProblemAnswer:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = shapes.ProblemAnswer.model_validate(answer.json())
    assert problem.status == status
    assert problem.request_id == answer.headers["x-request-id"]
    assert len(answer.content) < 10_000
    return problem


@pytest.mark.parametrize(("path", "body", "bad"), BAD)
def test_bad_input_is_refused_by_name(kepler, path, body, bad):
    first = assert_refused(kepler.post(path, body), bad.status).errors[0]
    assert bad.field in (None, first.field)
    assert bad.value in (None, first.value)
    assert bad.expected in first.expected


@pytest.mark.parametrize(
    ("headers", "status", "field"),
    [
        pytest.param({"content-type": "text/plain"}, 415, "content-type", id="text"),
        pytest.param({"content-type": "application/x-www-form-urlencoded"}, 415, "content-type", id="form"),
        pytest.param({"content-type": ""}, 415, "content-type", id="empty"),
        pytest.param({"content-encoding": "br"}, 415, "content-encoding", id="compressed"),
        pytest.param({"content-length": "9" * 5000}, 413, "body", id="length of 5000 digits"),
    ],
)
@pytest.mark.parametrize("path", [ONE, BATCH, "/models/xgboost/predict"])
def test_a_body_of_another_kind_is_refused_by_its_headers(kepler, path, headers, status, field):
    problem = assert_refused(kepler.post(path, with_row(), headers=headers), status)
    assert problem.errors[0].field == field


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"content-type": "application/json; charset=utf-8"}, id="charset"),
        pytest.param({"content-type": "Application/JSON"}, id="capitals"),
        pytest.param({"content-type": "application/vnd.kepler+json"}, id="a kind of json"),
        pytest.param({"content-encoding": "identity"}, id="identity"),
        pytest.param({"content-length": "many"}, id="length that is no number"),
    ],
)
def test_a_body_that_is_json_is_taken(kepler, headers):
    assert kepler.post(ONE, with_row(), headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", ONE, 405, id="get predict"),
        pytest.param("PUT", BATCH, 405, id="put batch"),
        pytest.param("DELETE", "/models/xgboost/predict", 405, id="delete"),
        pytest.param("PATCH", "/models", 405, id="patch models"),
        pytest.param("BREW", ONE, 405, id="a method of its own"),
        pytest.param("GET", "/", 404, id="root"),
        pytest.param("GET", "/api/v1", 404, id="prefix"),
        pytest.param("GET", "/api/v1/models/resnet/info", 404, id="info of an unknown model"),
        pytest.param("GET", "/" + "x" * 5000, 404, id="long path"),
        pytest.param("GET", "/health?deep=maybe", 422, id="deep maybe"),
    ],
)
def test_a_request_for_something_else_is_refused_by_name(kepler, method, path, status):
    assert assert_refused(kepler.request(method, path), status).errors[0].expected


def test_a_wrong_method_is_told_the_right_ones(kepler):
    assert kepler.get(ONE).headers["allow"] == "POST"


def test_a_wrong_parameter_is_named(kepler):
    error = assert_refused(kepler.get("/health?deep=maybe"), 422).errors[0]
    assert (error.field, error.value) == ("deep", "maybe")


@pytest.mark.parametrize("path", [ONE, BATCH, "/models/xgboost/predict"])
@given(body=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_no_bytes_make_a_fault(kepler, path, body):
    assert_refused(kepler.post(path, body), 422)


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters(codec=None), max_size=8),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=15,
)
MEMBERS = st.sampled_from(["features", "samples", "model", "voting", "return_all_models", "return_probabilities"])
ROWS = st.lists(st.one_of(st.floats(width=32), st.none(), VALUES), min_size=3, max_size=3)
OBJECTS = st.dictionaries(
    st.one_of(MEMBERS, st.text(max_size=4)), st.one_of(VALUES, ROWS, st.lists(ROWS, max_size=3)), max_size=6
)


@pytest.mark.parametrize("path", [ONE, BATCH, "/models/linear/predict"])
@given(body=st.one_of(VALUES, OBJECTS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
def test_no_json_makes_a_fault(gappy, path, body):
    answer = gappy.post(path, body)
    assert answer.status_code in (200, 404, 422)
    if answer.status_code != 200:
        assert_refused(answer, answer.status_code)


@pytest.mark.parametrize("given_id", ["abc-123", "!~", "x" * 128])
def test_a_request_keeps_the_id_it_was_given(kepler, given_id):
    answer = kepler.post(ONE, with_row(), headers={"x-request-id": given_id})
    assert answer.headers["x-request-id"] == answer.json()["metadata"]["request_id"] == given_id


@pytest.mark.parametrize("given_id", [None, "", "with space", "x" * 129, b"\xe9"])
def test_a_request_without_a_usable_id_gets_one(kepler, given_id):
    headers = {} if given_id is None else {"x-request-id": given_id}
    answer = kepler.post(ONE, with_row(), headers=headers)
    assert re.fullmatch("req_[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.json()["metadata"]["request_id"] == answer.headers["x-request-id"]


def test_an_answer_names_the_version_and_the_release(kepler):
    answer = kepler.post(ONE, with_row())
    assert (answer.headers["x-model-version"], answer.headers["x-serinus-release"]) == ("1.0.0", "7")


def test_an_answer_of_several_models_names_every_version(kepler):
    versions = kepler.post(ONE, with_row(return_all_models=True)).headers["x-model-version"]
    assert versions == "keras_cnn=1.0.0, xgboost=1.0.0, random_forest=1.0.0"


@pytest.mark.parametrize("path", ["/health", "/models", "/nowhere"])
def test_every_answer_names_the_release(kepler, path):
    assert kepler.get(path).headers["x-serinus-release"] == "7"


def test_a_large_answer_is_compressed_for_those_who_take_it(kepler):
    answer = kepler.post(BATCH, {"samples": [FEATURES] * 20}, headers={"accept-encoding": "gzip"})
    plain = kepler.post(BATCH, {"samples": [FEATURES] * 20}, headers={"accept-encoding": "identity"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(plain.content) / 4
    assert answer.json()["predictions"] == plain.json()["predictions"]
    assert "content-encoding" not in plain.headers


@PREFIXES
def test_the_models_are_listed(kepler, prefix):
    listed = kepler.get(f"{prefix}/models").json()
    assert [model["name"] for model in listed["models"]] == NAMES
    assert (listed["auto"], listed["service"]) == ("keras_cnn", "kepler")
    assert listed["models"][0]["labels"] == list(LABELS)
    assert listed["models"][0]["features"] == 784


@PREFIXES
def test_everything_known_of_a_model_is_told(kepler, prefix):
    info = kepler.get(f"{prefix}/models/xgboost/info").json()
    assert (info["model_name"], info["version"]) == ("xgboost", "1.0.0")
    assert info["digest"] == kepler.ensemble.predictors["xgboost"].digest
    assert info["parity"]["label_flips"] == 0


@PREFIXES
def test_a_healthy_service_says_so(kepler, prefix):
    answer = kepler.get(f"{prefix}/health")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["models_loaded"]) == ("healthy", 3)
    assert "golden" not in answer.json()


def test_a_deep_look_replays_the_golden_rows_of_every_model(kepler):
    answer = kepler.get("/api/v1/health?deep=1")
    assert answer.status_code == 200
    assert list(answer.json()["golden"]) == NAMES
    for check in answer.json()["golden"].values():
        assert (check["equal"], check["rows"], check["label_flips"]) == (True, 64, 0)
        assert check["max_difference"] <= check["tolerance"]


@pytest.mark.parametrize("name", ["model.onnx", "golden.npz", "metadata.json"])
def test_a_deep_look_finds_a_file_that_was_altered_since_the_start(fresh, name):
    folder = fresh.ensemble.predictors["bent"].folder
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    answer = fresh.get("/health?deep=1")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unhealthy"
    assert answer.json()["golden"]["linear"]["equal"]
    assert f"{folder / name} was altered" in answer.json()["golden"]["bent"]["detail"]
    assert fresh.get("/health").status_code == 200


def test_a_deep_look_finds_a_bundle_that_was_replaced_since_the_start(fresh):
    bent = fresh.ensemble.predictors["bent"]
    resigned(bent.folder, "golden.npz", b"other")
    answer = fresh.get("/health?deep=1")
    assert answer.status_code == 503
    assert f"loaded is {bent.digest}" in answer.json()["golden"]["bent"]["detail"]


def test_a_deep_look_finds_a_model_that_answers_otherwise(fresh):
    linear, bent = (Bundle.load(predictor.folder) for predictor in fresh.ensemble.predictors.values())
    mixed = {"linear": Predictor(linear), "bent": Predictor(replace(bent, model=linear.model))}
    answer = api_of(Ensemble.of(fresh.ensemble.service, mixed)).get("/health?deep=1")
    assert answer.status_code == 503
    assert not answer.json()["golden"]["bent"]["equal"]
    assert answer.json()["golden"]["bent"]["max_difference"] > 1e-3


@pytest.mark.parametrize("name", ["model.onnx", "golden.npz", "metadata.json"])
def test_a_broken_bundle_stops_the_start(tmp_path, name):
    file = write_service(tmp_path / "tiny", "linear")
    broken = file.parent / "models" / "linear" / "v1.0.0" / name
    broken.write_bytes(broken.read_bytes()[:-1])
    service = services.load(file)
    with pytest.raises(BundleError, match=f"{broken} was altered"):
        start(service, Loading(service, file.parent / "models"), ServerTelemetry("tiny", "1"))


def test_the_server_needs_no_more_than_its_environment(tmp_path, monkeypatch, kepler):
    service = write_service(tmp_path / "tiny", "linear")
    monkeypatch.setenv("SERINUS_SERVICE", str(service))
    monkeypatch.setenv("SERINUS_MODELS", str(service.parent / "models"))
    api = replace(kepler, app=application())
    assert api.post(ONE, {"features": [1, 2, 3]}).status_code == 200
    assert metrics_of(api)['cache_misses_total{model="linear"}'] == 1


def test_the_app_starts_and_stops_with_its_server(kepler):
    events = iter(["lifespan.startup", "lifespan.shutdown"])
    sent = []

    async def receive():
        return {"type": next(events)}

    async def send(message):
        sent.append(message["type"])

    asyncio.run(kepler.app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_request_is_one_line_of_log_without_its_features(fresh):
    secret = 123.4567890123
    fresh.post(ONE, {"features": [secret, 1, 2]}, headers={"x-request-id": "good"})
    fresh.post(ONE, {"features": [secret, 1, "123.456789x"]}, headers={"x-request-id": "bad"})
    fresh.post("/predict/batch", {"samples": [[secret, 1, 2], [secret, 1]]}, headers={"x-request-id": "batch"})
    lines = {line["request_id"]: line for line in fresh.logged}
    assert "123.45" not in fresh.log.getvalue()
    assert list(lines) == ["good", "bad", "batch"]
    assert lines["good"]["models"] == {"linear": "1.0.0"}
    assert lines["good"]["status"] == 200
    assert lines["good"]["latency_ms"] > 0
    assert lines["bad"]["refused"] == "features[2]"
    assert (lines["bad"]["service"], lines["bad"]["release"]) == ("fresh", "7")


def metrics_of(api) -> dict[str, float]:
    text = api.get("/metrics").text
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*(?:\{.*\})?) (\S+)$", text, re.MULTILINE)}


def test_metrics_count_what_was_answered_and_refused(fresh):
    for _ in range(3):
        fresh.post(ONE, {"features": [5, 0, 0]})
    fresh.post(ONE, {"features": [5, 0]})
    fresh.post(BATCH, {"samples": [[5, 0, 0], [5, 0, 0], "x"], "model": "bent"})
    fresh.post(ONE, {"features": [3e38, 3e38, -3e38]})
    figures = metrics_of(fresh)
    rows = {name: figure for name, figure in figures.items() if name.startswith("predictions_total")}
    linear = sum(n for name, n in rows.items() if 'model="linear"' in name and 'status="success"' in name)
    bent = sum(n for name, n in rows.items() if 'model="bent"' in name and 'status="success"' in name)
    assert (linear, bent) == (3, 2)
    assert rows['predictions_total{class="",model="",status="refused",version=""}'] == 2
    assert figures['prediction_latency_seconds_count{model="linear",version="1.0.0"}'] == 4
    assert figures['cache_hits_total{model="linear"}'] == 4
    assert figures['cache_misses_total{model="linear"}'] == 1
    assert figures['prediction_errors_total{model="linear"}'] == 1
    assert figures["active_models_count"] == 2
    assert figures['model_load_time_seconds{model="bent",version="1.0.0"}'] > 0


@pytest.mark.parametrize("path", ["/metrics", "/docs", "/redoc", "/openapi.json"])
def test_a_page_loads(kepler, path):
    assert kepler.get(path).status_code == 200


class Explodes:
    """An ensemble with a bug."""

    def __init__(self, ensemble):
        self._ensemble = ensemble

    def __getattr__(self, name):
        if name in ("named", "predictors", "best"):
            raise ZeroDivisionError("planted")
        return getattr(self._ensemble, name)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", ONE), ("POST", BATCH), ("POST", "/models/linear/predict"), ("GET", "/models"), ("GET", "/models/x/info")],
)
def test_a_mistake_of_ours_is_a_problem_with_an_id_that_the_log_knows(fresh, method, path):
    telemetry = ServerTelemetry("fresh", "7", log=fresh.log)
    api = replace(fresh, app=create_app(Explodes(fresh.ensemble), telemetry, release="7"))
    body = {"samples": [[1, 2, 3]]} if path == BATCH else {"features": [1, 2, 3]}
    answer = api.request(method, path, content=json.dumps(body), headers={"x-request-id": "mine"})
    problem = assert_refused(answer, 500)
    assert (problem.request_id, problem.errors) == ("mine", [])
    assert "planted" not in answer.text
    fault, request = fresh.logged
    assert (fault["level"], fault["request_id"]) == ("ERROR", "mine")
    assert "ZeroDivisionError: planted" in fault["exception"]
    assert (request["status"], request["request_id"]) == (500, "mine")


@pytest.fixture(scope="module")
def openapi(kepler) -> dict:
    return kepler.get("/openapi.json").json()


SHAPES = {"PredictBody", "BatchBody", "PredictAnswer", "EveryoneAnswer", "BatchAnswer", "ProblemAnswer"}


def test_the_openapi_document_resolves(openapi):
    references = set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(openapi)))
    assert references >= SHAPES
    assert references <= set(openapi["components"]["schemas"])
    assert openapi["openapi"].startswith("3.")


def test_the_openapi_document_knows_every_route(openapi):
    assert set(openapi["paths"]) == {
        "/api/v1/predict",
        "/api/v1/predict/batch",
        "/api/v1/models/{name}/predict",
        "/api/v1/models",
        "/api/v1/models/{name}/info",
        "/api/v1/models/reload",
        "/api/v1/health",
    }


@pytest.mark.parametrize("path", ["/api/v1/predict", "/api/v1/predict/batch", "/api/v1/models/{name}/predict"])
def test_the_examples_fit_their_schemas(openapi, path):
    operation = openapi["paths"][path]["post"]
    contents = [operation["requestBody"]["content"], operation["responses"]["200"]["content"]]
    for content in (content["application/json"] for content in contents):
        examples = [content["example"]] if "example" in content else [e["value"] for e in content["examples"].values()]
        named = re.findall(r"schemas/(\w+)", json.dumps(content["schema"]))
        fits = TypeAdapter(
            getattr(shapes, named[0]) if len(named) == 1 else shapes.PredictAnswer | shapes.EveryoneAnswer
        )
        for example in examples:
            fits.validate_python(example)


@pytest.mark.parametrize("path", ["/api/v1/predict", "/api/v1/predict/batch", "/api/v1/models/{name}/predict"])
def test_the_example_of_a_request_is_answered_as_the_example_says(kepler, openapi, path):
    operation = openapi["paths"][path]["post"]
    request = operation["requestBody"]["content"]["application/json"]["example"]
    answered = operation["responses"]["200"]["content"]["application/json"]["examples"]
    answer = kepler.post(path.format(name="keras_cnn"), request)
    assert answer.status_code == 200
    expected = next(iter(answered.values()))["value"]
    for member in {"prediction", "predictions"} & set(expected):
        assert answer.json()[member] == expected[member]
