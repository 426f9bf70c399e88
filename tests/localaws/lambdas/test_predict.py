"""The product's own function on this laptop: two releases of a service as images, behind a weighted alias."""

import base64
import json
from collections import Counter
from pathlib import Path

import pytest

from localaws import dispatch
from tests.bundles import write_service

ROOT = Path(__file__).parents[3]
RECORDED = ROOT / "tests/handlers/events/http_v2_predict.json"
HANDLER = "functions.predict.handler.handler"


@pytest.fixture(scope="module")
def event() -> bytes:
    recorded = json.loads(RECORDED.read_text())
    body = json.dumps({"features": [0.25, -1.5, 3.0]})
    recorded |= {"body": body, "isBase64Encoded": False}
    recorded["headers"]["content-length"] = str(len(body))
    return json.dumps(recorded).encode()


@pytest.fixture(scope="module")
def predict(aws, laptop, tmp_path_factory) -> str:
    """Version 1 serves one model, version 2 two; their code lies as a baked context has it."""
    for tag, models in (("one", ["linear"]), ("two", ["linear", "bent"])):
        app = tmp_path_factory.mktemp(tag) / "app"
        write_service(app, *models)
        for package in ("serinus", "functions"):
            (app / package).symlink_to(ROOT / package)
        laptop.dispatcher.images.register(tag, app.parent)
    said = {"PackageType": "Image", "Role": laptop.lambda_role, "MemorySize": 1769, "Timeout": 29}
    said |= {"SnapStart": {"ApplyOn": "PublishedVersions"}, "ImageConfig": {"Command": [HANDLER]}}
    aws.create_function(FunctionName="predict", Code={"ImageUri": "registry/serinus:one"}, Publish=True, **said)
    aws.update_function_code(FunctionName="predict", ImageUri="registry/serinus:two", Publish=True)
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    aws.create_alias(FunctionName="predict", Name="live", FunctionVersion="1", RoutingConfig=weights)
    return "predict"


def test_each_release_answers_with_its_own_models_and_says_which_it_is(predict, event):
    releases = Counter()
    for _ in range(20):
        invocation = dispatch.invoke(predict, "live", event)
        assert invocation.payload["statusCode"] == 200
        assert invocation.payload["headers"]["x-serinus-release"] == invocation.version
        releases[invocation.version] += 1
    assert set(releases) == {"1", "2"}


def test_the_code_of_a_release_stays_when_the_next_is_deployed(predict, event):
    listed = json.loads(event)
    listed |= {"rawPath": "/api/v1/models", "body": None}
    listed["requestContext"]["http"] |= {"path": "/api/v1/models", "method": "GET"}
    counts = {}
    for version in ("1", "2"):
        answer = dispatch.invoke(predict, version, json.dumps(listed).encode()).payload
        body = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"]
        counts[version] = len(json.loads(body)["models"])
    assert counts == {"1": 1, "2": 2}


def test_a_release_runs_well_within_the_memory_of_its_stack(predict, event):
    invocation = dispatch.invoke(predict, "2", event)
    assert 40 < invocation.peak_mb < 512
