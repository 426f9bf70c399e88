"""ONNX Runtime as it is opened here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bundles import write_bundle

ROOT = Path(__file__).parents[2]
OPEN = """
import os, sys
from pathlib import Path
from importlib import import_module
import_module(sys.argv[2])
from serinus.session import session
opened = session(Path(sys.argv[1]).read_bytes())
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads in /proc, which Linux has")
@pytest.mark.parametrize("first", ["serinus.session", "serinus.predictor", "serinus.bulk.scorer"])
def test_a_model_runs_on_one_thread_and_nothing_reports_from_another(tmp_path, first):
    model = write_bundle(tmp_path).folder / "model.onnx"
    env = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    command = [sys.executable, "-c", OPEN, str(model), first]
    run = subprocess.run(command, cwd=ROOT, env={**env, "OPENBLAS_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert run.stdout.strip() == "1", run.stderr
