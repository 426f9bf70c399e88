"""The requests of the crop-yield system's own guide, run as they stand by curl against a real server."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from serinus import service as services
from serinus.features.store import Stored
from serinus.stores import open_store
from tests.e2e.test_serve import ROOT, Server, serving
from tests.records import write_record_bundle, write_record_service

NURU = ROOT / "services" / "nuru" / "service.toml"
KEPT = {"altitude": 1252.08, "precip_total": 450.2, "gdd_sum": 1200.5, "mean_ndvi": 0.65, "rain_days": 40.0}
NOW = 1_763_690_000.0
WHEN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture(scope="module")
def guide(shared_data) -> str:
    file = shared_data.parent / "requirements" / "nuru-yield-deployment-guide.md"
    if not file.is_file():
        pytest.skip(f"REQUIREMENTS MISSING: no file {file.resolve()}; set SERINUS_DATA to the data folder beside it")
    if shutil.which("curl") is None:
        pytest.skip("CURL MISSING: no curl on the path")
    return file.read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """services/nuru as it is deployed, with small models, and with the features of plots 1 and 2."""
    file = write_record_service(tmp_path_factory.mktemp("e2e") / "nuru", NURU.read_text())
    features = file.parent / "features"
    features.mkdir()
    address = str(features)
    store = open_store(services.load(file), address)
    store.put({plot: Stored(KEPT, NOW) for plot in ("1", "2")})
    os.environ["SERINUS_FEATURES_ADDRESS"] = address
    try:
        with serving(file) as running:
            yield running
    finally:
        del os.environ["SERINUS_FEATURES_ADDRESS"]


def section(guide: str, heading: str) -> str:
    return guide.partition(f"\n{heading}\n")[2].partition("\n### ")[0].partition("\n## ")[0]


def curls(text: str) -> list[str]:
    """Each curl command of the shell blocks in `text`, with the lines it goes on in."""
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    return [one.strip() for block in blocks for one in re.findall(r"^curl .*?(?=\n\n|\n#|\Z)", block, re.DOTALL | re.M)]


def run(command: str, server: Server) -> str:
    there = command.replace("http://localhost:8000", server.url)
    assert server.url in there
    ran = subprocess.run(["bash", "-c", there], capture_output=True, text=True, check=False, timeout=20)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def answer(guide: str, heading: str, server: Server) -> dict:
    [command] = curls(section(guide, heading))
    return json.loads(run(command, server))


def documented(guide: str, heading: str) -> dict:
    """The answer that the guide shows, without its dots."""
    shown = re.search(r"```json\n(.*?)```", section(guide, heading), re.DOTALL)[1]
    return json.loads(re.sub(r",\s*\.\.\.", "", shown))


def test_a_single_prediction_has_the_documented_shape(guide, server):
    shown, body = documented(guide, "### Single Prediction"), answer(guide, "### Single Prediction", server)
    assert list(shown) == [member for member in body if member in shown]
    for member, value in shown.items():
        assert type(body[member]) is type(value), member
    assert (body["plot_id"], body["model_name"], body["confidence_score"]) == (1, "ensemble", None)
    assert {name: body["features_used"][name] for name in shown["features_used"]} == shown["features_used"]
    assert (body["features_used"]["altitude"], body["feature_sources"]["altitude"]) == (1252.08, "request")
    assert body["feature_sources"]["mean_ndvi"] == "store"
    assert re.fullmatch(WHEN, body["timestamp"])


def test_a_batch_is_answered_plot_by_plot(guide, server):
    single = answer(guide, "### Single Prediction", server)
    body = answer(guide, "### Batch Prediction", server)
    first, second = body["predictions"]
    assert (first["plot_id"], second["plot_id"], body["errors"]) == (1, 2, [])
    assert first["predicted_yield_kg_per_ha"] == pytest.approx(single["predicted_yield_kg_per_ha"], rel=1e-6)
    assert (body["model_name"], body["samples"], body["failed"]) == ("ensemble", 2, 0)
    assert first["feature_sources"]["altitude"] == "store"


def test_the_models_are_listed(guide, server):
    body = answer(guide, "### List Available Models", server)
    named = ["ensemble", "xgboost", "lightgbm", "random_forest", "ridge"]
    assert [one["name"] for one in body["models"]] == named
    assert {(one["target"], one["unit"]) for one in body["models"]} == {("yield", "kg_per_ha")}


def test_models_are_reloaded(guide, server):
    body = answer(guide, "### Reload Models", server)
    assert (body["changed"], body["auto"]) == ([], "ensemble")


def test_health_has_the_documented_shape(guide, server):
    step = section(guide, "### Step 3: Verify Deployment")
    body = json.loads(run(curls(step)[0], server))
    shown = "".join(re.findall(r"^# ?(.*)$", step.partition("# Expected response:")[2], re.M))
    assert [name for name in re.findall(r'"(\w+)":', shown) if name not in body] == []
    assert (body["status"], body["feature_store_available"], body["mlflow_connected"]) == ("healthy", True, None)
    assert body["models_loaded"][:3] == ["ensemble", "xgboost", "lightgbm"]


def test_metrics_are_where_the_guide_looks_for_them(guide, server):
    commands = curls(section(guide, "### 1. Health Checks"))
    health, metrics = (run(command, server) for command in commands)
    assert json.loads(health)["status"] == "healthy"
    assert "feature_cache_misses_total" in metrics


def test_every_curl_of_the_guides_usage_was_run(guide):
    usage = guide.partition("\n## API Usage\n")[2].partition("\n## ")[0]
    headings = ("Single Prediction", "Batch Prediction", "List Available Models", "Reload Models")
    assert curls(usage) == [one for heading in headings for one in curls(section(guide, f"### {heading}"))]


def version(server: Server) -> str:
    asked = ["curl", "-s", f"{server.url}/health"]
    return json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)["models"]["ridge"]


def test_one_reload_reaches_every_worker(tmp_path, monkeypatch):
    file = write_record_service(tmp_path / "nuru", NURU.read_text())
    monkeypatch.setenv("SERINUS_FEATURES_ADDRESS", str(tmp_path / "features"))
    with serving(file, "--workers", "2") as server:
        assert {version(server) for _ in range(10)} == {"1.0.0"}
        write_record_bundle(file.parent / "models", "ridge", services.load(file), version="1.1.0", seed=9)
        file.write_text(file.read_text().replace('ridge = "1.0.0"', 'ridge = "1.1.0"'))
        reloaded = subprocess.run(["curl", "-s", "-X", "POST", f"{server.url}/models/reload"], capture_output=True)
        assert [one["name"] for one in json.loads(reloaded.stdout)["changed"]] == ["ridge"]
        assert {version(server) for _ in range(20)} == {"1.1.0"}
        out, _ = server.stopped()
    assert '"fault"' not in out
