"""The function in its image, under AWS's emulator and under our own Runtime API."""

import json
from pathlib import Path

import pytest
import requests

from benchmarks.emulator import HANDLER, emulated
from benchmarks.engine import docker
from localaws.runtime import FunctionConfig, Runtime
from tests.containers.conftest import without_time_and_ids
from tests.e2e.test_serve import serving

pytestmark = pytest.mark.containers

EVENTS = Path(__file__).parents[1] / "handlers/events"


def function(image: str, **config: object) -> FunctionConfig:
    return FunctionConfig(HANDLER, **{"image": image, "name": "boxed", "version": "3", "memory_mb": 1769, **config})


def containers_of(image: str) -> list[str]:
    return docker("ps", "--all", "--quiet", "--filter", f"ancestor={image}").split()


@pytest.fixture(scope="module")
def served(service, body) -> bytes:
    """What `serinus serve` answers on this machine."""
    with serving(service) as server:
        answer = requests.post(f"{server.url}/api/v1/predict", data=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    return without_time_and_ids(answer.content)


def test_the_emulated_function_answers_what_the_server_does(online, rie, event, served):
    with emulated(online) as function:
        answer = function.invoke(event)
        assert answer["statusCode"] == 200
        assert without_time_and_ids(answer["body"]) == served
        assert function.init_ms > 0
        assert 30 < function.resident_mb < 150


def test_half_a_processor_is_enough(online, rie, event, served):
    with emulated(online, ("--cpus", "0.5")) as function:
        assert without_time_and_ids(function.invoke(event)["body"]) == served


def test_both_kinds_of_gateway_are_answered(online, rie):
    with emulated(online) as function:
        models = function.invoke(json.loads((EVENTS / "rest_v1_get_models.json").read_text()))
        health = function.invoke(json.loads((EVENTS / "http_v2_get_health.json").read_text()))
    assert [answer["statusCode"] for answer in (models, health)] == [200, 200]
    assert json.loads(health["body"])["status"] == "healthy"


def test_our_runtime_runs_the_image(online, event, served):
    with Runtime(function(online)) as runtime:
        first, second = runtime.invoke(event), runtime.invoke(event)
        assert [first.cold, second.cold] == [True, False]
    for invocation in (first, second):
        assert invocation.function_error is None
        assert without_time_and_ids(invocation.payload["body"]) == served
        assert invocation.payload["headers"]["x-serinus-release"] == "3"
    assert containers_of(online) == []


def test_two_sandboxes_are_two_containers(online, event):
    with Runtime(function(online), workers=2) as runtime:
        runtime.invoke(event)
        assert len(containers_of(online)) == 1
    assert containers_of(online) == []


def test_a_container_that_does_not_come_up_in_time_is_ended(online, event):
    with Runtime(function(online, init_timeout_s=0.01)) as runtime:
        invocation = runtime.invoke(event)
    assert invocation.payload["errorType"] == "Sandbox.Timedout"
    assert containers_of(online) == []


def test_the_worker_image_can_predict_too(worker, event, served):
    with Runtime(function(worker, init_timeout_s=30)) as runtime:
        invocation = runtime.invoke(event)
    assert without_time_and_ids(invocation.payload["body"]) == served
