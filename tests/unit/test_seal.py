"""The last step of a build, as far as it can be tested without an image; tests/containers has the rest."""

import subprocess
import sys
from pathlib import Path

import pytest

from serinus import service as services
from serinus.seal import STAND_IN_STORE, stand_ins
from serinus.settings import AuditSettings, FeatureSettings
from tests.bundles import write_service

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("name", "asks_table"), [("kepler", False), ("nuru", True), ("iit", True)])
def test_a_service_whose_store_is_a_table_on_aws_is_built_with_a_table(name, asks_table):
    env = stand_ins(services.load(ROOT / "services" / name / "service.toml"))
    address = STAND_IN_STORE["SERINUS_FEATURES_ADDRESS"] if asks_table else ""
    assert FeatureSettings.from_env(env).features_address == address
    assert AuditSettings.from_env(env).audit_key


def test_an_altered_bundle_stops_it_with_one_line(tmp_path):
    file = write_service(tmp_path / "tiny", "linear")
    golden = file.parent / "models/linear/v1.0.0/golden.npz"
    golden.write_bytes(golden.read_bytes()[:-1])
    command = [sys.executable, "-m", "serinus.seal"]
    run = subprocess.run(command, cwd=file.parent, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith("seal: ")
    assert run.stderr.strip().count("\n") == 0
    assert "golden.npz was altered" in run.stderr
