"""What an import costs: entry points load what they need, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bundles import write_service

ROOT = Path(__file__).parents[2]
HEAVY = {
    *("boto3", "botocore", "pandas", "pyarrow", "sklearn", "xgboost", "lightgbm", "tensorflow", "keras", "onnx"),
    *("matplotlib", "uvicorn", "prometheus_client", "rich", "typer", "fastapi"),
}
OF_STORES = {"tenacity", "redis", "hiredis", "httpx", "limits"}


NOT_IN_THE_IMAGE = ("boto3", "botocore")  # Powertools takes botocore along where it is installed
LOOK = """
import importlib, json, sys
absent = json.loads(sys.argv[2])
sys.modules.update(dict.fromkeys(absent))
importlib.import_module(sys.argv[1])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} - set(absent))))
"""


def imported_by(module: str, **env: str) -> set[str]:
    """The top-level modules that a fresh process has loaded after importing `module`, as in the predict image."""
    command = [sys.executable, "-c", LOOK, module, json.dumps(NOT_IN_THE_IMAGE)]
    run = subprocess.run(command, env={**os.environ, **env}, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_the_predict_handler_imports_nothing_it_does_not_need(tmp_path):
    service = write_service(tmp_path / "tiny", "linear")
    loaded = imported_by(
        "functions.predict.handler",
        SERINUS_SERVICE=str(service),
        SERINUS_MODELS=str(service.parent / "models"),
        AWS_LAMBDA_FUNCTION_NAME="tiny",
    )
    assert "onnxruntime" in loaded
    assert not loaded & (HEAVY | OF_STORES)


@pytest.mark.parametrize(
    "module", ["serinus", "serinus.service", "serinus.errors", "serinus.schema", "serinus.bundle", "serinus.prediction"]
)
def test_the_core_can_be_imported_without_a_runtime(module):
    assert not imported_by(module) & (HEAVY | {"onnxruntime", "fastapi", "simdjson"})


def test_the_package_itself_imports_nothing():
    assert not imported_by("serinus") & {"numpy", "pydantic"}
