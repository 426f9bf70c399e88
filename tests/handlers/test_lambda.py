"""The real handler in the real Lambda runtime client, fed with recorded API Gateway events."""

import asyncio
import base64
import gzip
import importlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.predict import shapes
from functions.predict.app import create_app
from functions.predict.events import Dispatcher, UnknownEvent
from functions.predict.lambda_telemetry import LambdaTelemetry
from localaws.runtime import FunctionConfig, Invocation, Runtime
from serinus import service as services
from serinus.features.store import Stored
from serinus.stores import open_store
from tests.bundles import write_service
from tests.handlers.conftest import api_of, loaded
from tests.handlers.test_records import SAID
from tests.records import KEPT, NOW, PLOTS, write_record_service

ROOT = Path(__file__).parents[2]
EVENTS = Path(__file__).parent / "events"
HANDLER = "functions.predict.handler.handler"
ROW = [0.25, -1.5, 3.0]
BOTH = pytest.mark.parametrize("recorded", ["http_v2_predict", "rest_v1_predict"])


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Path:
    return write_service(tmp_path_factory.mktemp("lambda") / "tiny", "linear", "bent")


def function(service: Path, **config: Any) -> FunctionConfig:
    env = {
        "SERINUS_SERVICE": str(service),
        "SERINUS_MODELS": str(service.parent / "models"),
        "SERINUS_RELEASE": "42",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    return FunctionConfig(HANDLER, name="predict", version="42", env=env, cwd=ROOT, **config)


@pytest.fixture(scope="module")
def runtime(service: Path) -> Iterator[Runtime]:
    with Runtime(function(service)) as running:
        yield running


def event(recorded: str, body: object = None, *, encoded: bool = False, **headers: str) -> dict[str, Any]:
    """The recorded event with another body, as API Gateway would hand it over."""
    made = json.loads((EVENTS / f"{recorded}.json").read_text())
    if body is None:
        return made
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    made["headers"] |= headers | ({"content-length": str(len(raw))} if "content-length" in made["headers"] else {})
    if "multiValueHeaders" in made:
        made["multiValueHeaders"] |= {name: [value] for name, value in headers.items()}
    made["body"] = base64.b64encode(raw).decode() if encoded else raw.decode()
    made["isBase64Encoded"] = encoded
    return made


def answer_of(invocation: Invocation) -> tuple[int, dict[str, str], Any]:
    assert invocation.function_error is None, invocation.payload
    payload: Any = invocation.payload
    body = base64.b64decode(payload["body"]) if payload["isBase64Encoded"] else payload["body"].encode()
    headers = {name.lower(): value for name, value in payload.get("headers", {}).items()}
    headers |= {name.lower(): values[-1] for name, values in payload.get("multiValueHeaders", {}).items()}
    return payload["statusCode"], headers, json.loads(gzip.decompress(body) if "content-encoding" in headers else body)


@BOTH
@pytest.mark.parametrize("encoded", [False, True], ids=["text", "base64"])
def test_a_recorded_request_is_answered(runtime, recorded, encoded):
    status, headers, body = answer_of(runtime.invoke(event(recorded, {"features": ROW}, encoded=encoded)))
    assert status == 200
    shapes.PredictAnswer.model_validate(body)
    assert headers["content-type"] == "application/json"
    assert (headers["x-serinus-release"], headers["x-model-version"]) == ("42", "1.0.0")
    assert headers["x-request-id"] == body["metadata"]["request_id"]


@BOTH
def test_lambda_answers_what_the_server_answers(runtime, service, recorded):
    server = api_of(loaded(service))
    for asked in ({"features": ROW}, {"features": ROW, "return_all_models": True}, {"features": [1, "x", None]}):
        _, _, on_lambda = answer_of(runtime.invoke(event(recorded, asked)))
        on_server = server.post("/api/v1/predict", asked).json()
        assert without_circumstances(on_lambda) == without_circumstances(on_server)


def without_circumstances(answer: Any) -> Any:
    """The answer without what differs from request to request."""
    if not isinstance(answer, dict):
        return answer
    circumstances = {"latency_ms", "timestamp", "request_id"}
    return {name: without_circumstances(value) for name, value in answer.items() if name not in circumstances}


@BOTH
@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        pytest.param({"features": [1, 2]}, 422, "features", id="too short"),
        pytest.param({"features": [1, 2, "x"]}, 422, "features[2]", id="text"),
        pytest.param(b"", 422, "body", id="empty"),
        pytest.param(b"{", 422, "body", id="broken"),
        pytest.param({"features": ROW, "model": "\ud800"}, 422, "model", id="no unicode"),
    ],
)
def test_a_bad_request_is_refused(runtime, recorded, body, status, field):
    got, headers, problem = answer_of(runtime.invoke(event(recorded, body)))
    assert got == status
    assert headers["content-type"] == "application/problem+json"
    assert shapes.ProblemAnswer.model_validate(problem).errors[0].field == field


def test_a_base64_body_of_another_type_is_refused(runtime):
    status, _, problem = answer_of(runtime.invoke(event("http_v2_base64_predict")))
    assert status == 415
    assert problem["errors"][0]["value"] == "application/octet-stream"


def test_bytes_that_are_no_text_are_refused(runtime):
    status, _, problem = answer_of(runtime.invoke(event("http_v2_predict", b"\xff\x00", encoded=True)))
    assert (status, problem["errors"][0]["field"]) == (422, "body")


@BOTH
def test_a_body_in_gzip_is_answered(runtime, recorded):
    body = gzip.compress(json.dumps({"features": ROW}).encode())
    asked = event(recorded, body, encoded=True, **{"content-encoding": "gzip"})
    assert answer_of(runtime.invoke(asked))[0] == 200


@pytest.mark.parametrize(
    ("recorded", "member"),
    [("http_v2_get_health", "status"), ("rest_v1_get_models", "models")],
    ids=["health", "models"],
)
def test_a_recorded_get_is_answered(runtime, recorded, member):
    status, _, body = answer_of(runtime.invoke(event(recorded)))
    assert status == 200
    assert member in body


def test_a_large_answer_is_compressed(runtime):
    batch = event("http_v2_predict", {"samples": [ROW] * 100}, **{"accept-encoding": "gzip"})
    batch["rawPath"] = batch["requestContext"]["http"]["path"] = "/api/v1/predict/batch"
    invocation = runtime.invoke(batch)
    status, headers, body = answer_of(invocation)
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert invocation.payload["isBase64Encoded"]
    assert len(body["predictions"]) == 100


@BOTH
def test_a_request_keeps_its_id(runtime, recorded):
    asked = event(recorded, {"features": ROW}, **{"x-request-id": "mine"})
    _, headers, body = answer_of(runtime.invoke(asked))
    assert headers["x-request-id"] == body["metadata"]["request_id"] == "mine"


@pytest.mark.parametrize(
    ("shape", "got"),
    [
        ({"Records": []}, "members ['Records']"),
        ({}, "members []"),
        ([1, 2], "'a list of 2'"),
        ("ping", "'ping'"),
        (None, "None"),
    ],
    ids=["sqs", "nothing", "list", "text", "null"],
)
def test_an_event_of_another_shape_fails_by_name(runtime, shape, got):
    invocation = runtime.invoke(shape)
    assert invocation.function_error == "Unhandled"
    assert invocation.payload["errorType"] == "UnknownEvent"
    assert invocation.payload["errorMessage"].endswith(got)


def test_the_function_lives_on_after_a_failure(runtime):
    runtime.invoke({})
    after = runtime.invoke(event("http_v2_predict", {"features": ROW}))
    assert (after.payload["statusCode"], after.cold) == (200, False)


def test_a_broken_bundle_fails_the_cold_start_by_name(tmp_path):
    file = write_service(tmp_path / "tiny", "linear")
    broken = file.parent / "models" / "linear" / "v1.0.0" / "model.onnx"
    broken.write_bytes(broken.read_bytes()[:-1])
    with Runtime(function(file)) as runtime:
        failed = runtime.invoke(event("http_v2_predict", {"features": ROW}))
    assert failed.function_error == "Unhandled"
    assert "model.onnx was altered: expected sha256" in json.dumps(failed.payload)


def test_a_function_without_its_service_fails_the_cold_start(service):
    config = function(service)
    bare = FunctionConfig(HANDLER, env={"PYTHONPATH": config.env["PYTHONPATH"]}, cwd=ROOT)
    with Runtime(bare) as runtime:
        failed = runtime.invoke({})
    assert "cannot read service.toml: No such file" in json.dumps(failed.payload)


def test_a_release_is_the_version_of_the_function(service):
    config = replace(function(service), version="7")
    unnamed = replace(config, env={name: value for name, value in config.env.items() if name != "SERINUS_RELEASE"})
    with Runtime(unnamed) as runtime:
        answer = runtime.invoke(event("http_v2_predict", {"features": ROW})).payload
    assert answer["headers"]["x-serinus-release"] == "7"


def test_a_request_that_takes_too_long_times_out_and_the_next_one_is_answered(tmp_path):
    """A CPU-bound graph cannot be interrupted: Lambda ends the sandbox."""
    file = write_service(tmp_path / "tiny", "linear", features=1, extra="[gateway]\nmax_batch_size = 2000000\n")
    slow = event("http_v2_predict", {"samples": [[1]] * 1_200_000})
    slow["rawPath"] = slow["requestContext"]["http"]["path"] = "/api/v1/predict/batch"
    with Runtime(function(file, timeout_s=0.5)) as runtime:
        timed_out = runtime.invoke(slow)
        after = runtime.invoke(event("http_v2_predict", {"features": [1]}))
    assert timed_out.payload["errorType"] == "Sandbox.Timedout"
    assert after.payload["statusCode"] == 200
    assert after.cold


def lines_of(*invocations: Invocation) -> list[dict[str, Any]]:
    return [json.loads(line) for one in invocations for line in one.logs.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def lines(service: Path) -> list[dict[str, Any]]:
    """What one sandbox writes over its life: start, an answer, a batch, every model, a refusal."""
    with Runtime(function(service)) as runtime:
        asked = [
            {"features": ROW},
            {"features": ROW, "return_all_models": True},
            {"features": [123.456, 1, "x"]},
        ]
        named = [event("http_v2_predict", body, **{"x-request-id": f"id{n}"}) for n, body in enumerate(asked)]
        return lines_of(*map(runtime.invoke, named))


def test_a_request_is_one_line_of_log_beside_its_metrics(service):
    config = function(service)
    env = {**config.env, "AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}  # as the stack has it
    with Runtime(replace(config, env=env)) as runtime:
        runtime.invoke(event("http_v2_predict", {"features": ROW}))
        [line] = [
            one for one in lines_of(runtime.invoke(event("http_v2_predict", {"features": ROW}))) if "_aws" not in one
        ]
    assert line["message"] == "request"


UNITS = {
    "model_load_time_seconds": "Seconds",
    "active_models_count": "Count",
    "cache_misses_total": "Count",
    "predictions_total": "Count",
    "prediction_latency_seconds": "Seconds",
    "prediction_errors_total": "Count",
    "cache_hits_total": "Count",
}


def test_metrics_follow_the_embedded_metric_format(lines):
    metrics = [line for line in lines if "_aws" in line]
    assert metrics
    for line in metrics:
        assert isinstance(line["_aws"]["Timestamp"], int)
        [directive] = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Serinus"
        [dimensions] = directive["Dimensions"]
        assert sorted(dimensions) == ["model", "release", "service", "version"]
        assert all(isinstance(line[name], str) and line[name] for name in dimensions)
        for metric in directive["Metrics"]:
            assert metric["Unit"] == UNITS[metric["Name"]]
            assert isinstance(line[metric["Name"]], int | float)


def figures(lines: list[dict[str, Any]], name: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for line in lines:
        if "_aws" in line and name in line:
            found.setdefault(line["model"], []).append(line[name])
    return found


def test_metrics_count_loads_and_predictions_by_model(lines):
    assert figures(lines, "active_models_count") == {"linear": [1], "bent": [1]}
    assert figures(lines, "predictions_total") == {"linear": [1, 1], "bent": [1]}
    assert figures(lines, "prediction_errors_total") == {"linear": [0, 0], "bent": [0]}
    assert all(seconds > 0 for each in figures(lines, "prediction_latency_seconds").values() for seconds in each)
    assert {line["release"] for line in lines if "_aws" in line} == {"42"}


def test_a_request_is_one_line_of_json_with_its_id_and_without_its_features(lines):
    requests = [line for line in lines if line.get("message") == "request"]
    assert [line["request_id"] for line in requests] == ["id0", "id1", "id2"]
    assert [line["status"] for line in requests] == [200, 200, 422]
    assert (requests[2]["refused"], requests[2]["level"]) == ("features[2]", "INFO")
    assert "123.456" not in json.dumps(lines)


def environment(service: Path) -> dict[str, str]:
    return {name: value for name, value in function(service).env.items() if name.startswith("SERINUS_")}


@pytest.fixture
def loop() -> Iterator[None]:
    """Mangum takes the loop of the thread, or leaves one behind."""
    made = asyncio.new_event_loop()
    asyncio.set_event_loop(made)
    yield
    asyncio.set_event_loop(None)
    made.close()


@pytest.fixture
def handler(service: Path, monkeypatch, loop) -> Dispatcher:
    """The handler of this process, wired anew as a cold start does."""
    for name, value in environment(service).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delitem(sys.modules, HANDLER.rpartition(".")[0], raising=False)
    module = importlib.import_module("functions.predict.handler")
    return module.handler


@BOTH
def test_nothing_is_reloaded_where_models_are_baked(runtime, recorded):
    asked = event(recorded, b"")
    asked |= {"rawPath": "/models/reload", "path": "/models/reload"}
    asked["requestContext"].get("http", {})["path"] = "/models/reload"
    status, _, problem = answer_of(runtime.invoke(asked))
    assert (status, problem["title"]) == (409, "Conflict")
    assert "build another release" in problem["detail"]


@pytest.fixture(scope="module")
def plots(tmp_path_factory) -> Iterator[list[Invocation]]:
    """What a sandbox answers that has stored features: of a plot it knows, again, and of one it does not."""
    file = write_record_service(tmp_path_factory.mktemp("lambda") / "plots", PLOTS)
    features = file.parent / "features"
    features.mkdir()
    open_store(services.load(file), str(features)).put({"1": Stored(KEPT, NOW)})
    config = function(file)
    config = replace(config, env={**config.env, "SERINUS_FEATURES_ADDRESS": str(features)})
    with Runtime(config) as running:
        asked = [SAID, SAID, SAID | {"plot_id": 404}]
        yield [running.invoke(event("http_v2_predict", body)) for body in asked]


def test_stored_features_are_looked_up_on_lambda(plots):
    (status, _, body), _, (unknown, _, problem) = map(answer_of, plots)
    assert (status, body["plot_id"], body["feature_sources"]["gdd_sum"]) == (200, 1, "stale")  # stored long ago
    assert (unknown, problem["errors"][0]["field"]) == (404, "plot_id")


def test_look_ups_are_counted_on_lambda(plots):
    lines = lines_of(*plots)
    assert figures(lines, "feature_cache_misses_total") == {"none": [1, 0, 1]}
    assert figures(lines, "feature_cache_hits_total") == {"none": [0, 1, 0]}
    assert figures(lines, "feature_store_available") == {"none": [1, 1, 1]}


@BOTH
def test_the_handler_needs_no_more_than_its_environment(handler, recorded):
    answer = handler(event(recorded, {"features": ROW}), None)
    assert answer["statusCode"] == 200


def test_the_handler_of_this_process_refuses_other_events_too(handler):
    with pytest.raises(UnknownEvent, match=r"expected an API Gateway event .* got members \['Records'\]"):
        handler({"Records": []}, None)


def test_a_mistake_of_ours_is_answered_logged_and_counted(service, loop, capsys):
    class Broken(dict):
        def __getitem__(self, name):
            raise ZeroDivisionError("planted")

    ensemble = loaded(service)
    telemetry = LambdaTelemetry("broken", "42")
    app = create_app(replace(ensemble, predictors=Broken(ensemble.predictors)), telemetry, release="42")
    answer = Dispatcher(app)(event("http_v2_predict", {"features": ROW}, **{"x-request-id": "mine"}), None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [fault] = [line for line in lines if line.get("message") == "fault"]
    [counted] = [line for line in lines if "_aws" in line]
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["request_id"] == "mine"
    assert (fault["level"], fault["request_id"]) == ("ERROR", "mine")
    assert "planted" in fault["exception"]
    assert (counted["prediction_errors_total"], counted["model"]) == (1, "none")


@pytest.fixture(scope="module")
def for_browsers(tmp_path_factory) -> Iterator[Runtime]:
    """A service behind a REST API that pages of one origin may ask."""
    cors = '[gateway]\nkind = "rest"\ncors = ["https://emr.example.org"]\n'
    with Runtime(
        function(write_service(tmp_path_factory.mktemp("browsers") / "tiny", "linear", extra=cors))
    ) as running:
        yield running


@pytest.mark.parametrize(
    ("origin", "told"), [("https://emr.example.org", "https://emr.example.org"), ("https://else.example.org", None)]
)
def test_behind_a_rest_api_the_service_tells_browsers_who_may_read(for_browsers, origin, told):
    _, headers, _ = answer_of(for_browsers.invoke(event("rest_v1_predict", {"features": ROW}, origin=origin)))
    assert headers.get("access-control-allow-origin") == told
    asked = event("rest_v1_predict", {}, origin=origin, **{"access-control-request-method": "POST"})
    asked["httpMethod"] = "OPTIONS"
    preflight = for_browsers.invoke(asked).payload
    headers = {name.lower(): value for name, value in preflight["headers"].items()}
    assert headers.get("access-control-allow-origin") == told
    assert preflight["statusCode"] == (200 if told else 400)
