"""A service whose features are in Redis on a laptop, on Lambda: there the environment names a table of DynamoDB."""

import json
from pathlib import Path

from typer.testing import CliRunner

from localaws.runtime import FunctionConfig, Runtime
from serinus.cli import app
from tests.laptop import laptop
from tests.records import PLOTS, write_record_service

ROOT = Path(__file__).parents[2]
EVENT = json.loads((ROOT / "tests/handlers/events/http_v2_predict.json").read_text())
ADDRESS = "dynamodb://plots-of-tests"
ON_A_LAPTOP = PLOTS.replace(
    '"parquet"\naddress = "features"', '"redis"\naddress = "redis://127.0.0.1:1/0"\ntimeout_ms = 5000'
)
KNOWN = {"plot_id": 1, "altitude": 1252.0, "precip_total": 450.25, "gdd_sum": 1200.5, "variety": "DK8031"}
ASKED = {"plot_id": 1, "latitude": -0.5, "longitude": 37.6, "planting_date": "2021-10-07", "season": "Short Rains"}


def test_what_was_pushed_into_the_table_answers_on_lambda(tmp_path, monkeypatch):
    service = write_record_service(tmp_path / "plots", ON_A_LAPTOP)
    (tmp_path / "plots.jsonl").write_text(json.dumps(KNOWN) + "\n")
    with laptop({}) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("SERINUS_FEATURES_ADDRESS", ADDRESS)
        for asked in (["init"], ["push", str(tmp_path / "plots.jsonl")]):
            done = CliRunner().invoke(app, ["features", *asked, "--service", str(service)], catch_exceptions=False)
            assert done.exit_code == 0, done.output
        with Runtime(function(service, url)) as runtime:
            invocation = runtime.invoke(EVENT | {"body": json.dumps(ASKED)})
    answer = json.loads(invocation.payload["body"])
    assert (answer["plot_id"], answer["features_used"]["gdd_sum"]) == (1, 1200.5)
    assert answer["feature_sources"]["gdd_sum"] == "store"


def function(service: Path, url: str) -> FunctionConfig:
    env = {
        "SERINUS_SERVICE": str(service),
        "SERINUS_MODELS": str(service.parent / "models"),
        "SERINUS_FEATURES_ADDRESS": ADDRESS,
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "of-tests",
        "AWS_SECRET_ACCESS_KEY": "of-tests",
        "PYTHONPATH": str(ROOT),
    }
    return FunctionConfig("functions.predict.handler.handler", name="predict", version="42", env=env, cwd=ROOT)
