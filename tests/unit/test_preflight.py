"""The checklist finds what would fail after a deployment, and measures in fresh processes."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serinus import bench
from serinus import service as services
from serinus.errors import BundleError
from serinus.preflight import Check, Costs, Report, preflight
from tests.bundles import write_bundle

ROOT = Path(__file__).parents[2]
SERVICE = """
[service]
name = "tiny"
task = "classification"
labels = ["CONFIRMED", "CANDIDATE", "FALSE_POSITIVE"]
[input]
features = 3
names = ["depth", "period", "snr"]
[models]
linear = "1.0.0"
bent = "1.0.0"
[targets.linear]
p50_ms = 30
p95_ms = 60
throughput_rps = 30
memory_mb = 500
"""
NAMES = ("depth", "period", "snr")
QUICK = bench.Speed(
    load_ms=5,
    first_run_ms=1,
    mean_ms=1,
    p50_ms=1,
    p95_ms=2,
    p99_ms=3,
    throughput_rps=1000,
    batch_rows_per_s=9000,
    memory_mb=80,
)
SMALL = Costs(image_mb=300, cold_start_ms=500)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "service.toml").write_text(SERVICE)
    for name in ("linear", "bent"):
        write_bundle(tmp_path / "models", name, names=NAMES)
    return tmp_path


def rewrite(folder: Path, name: str, **what: Any) -> None:
    shutil.rmtree(folder / "models" / name)
    write_bundle(folder / "models", name, **what)


def report_of(folder: Path, speed: bench.Speed = QUICK, costs: Costs = SMALL) -> Report:
    service = services.load(folder / "service.toml")
    return preflight(service, folder / "models", lambda _: speed, lambda: costs)


def failed(report: Report) -> list[Check]:
    return [check for check in report.checks if not check.is_ok]


def test_a_service_in_order_is_ready(folder: Path) -> None:
    report = report_of(folder)
    assert report.is_ok
    assert {check.name for check in report.checks} >= {
        "integrity",
        "schema",
        "golden rows",
        "latency p95",
        "cold start",
    }


def test_a_flipped_byte_is_found_and_the_other_model_still_checked(folder: Path) -> None:
    model = folder / "models/linear/v1.0.0/model.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"\x00")
    (check,) = failed(report_of(folder))
    assert (check.name, check.subject) == ("integrity", "linear")
    assert "model.onnx was altered" in check.found


MISMATCHES = {
    "renamed": (("depth", "duration", "snr"), "missing period, unexpected duration"),
    "swapped": (("period", "depth", "snr"), "another order ('depth' or 'period' at 0; 'period' or 'depth' at 1)"),
}


@pytest.mark.parametrize(("names", "found"), MISMATCHES.values(), ids=MISMATCHES)
def test_other_names_than_the_services_are_found(folder: Path, names: tuple[str, ...], found: str) -> None:
    rewrite(folder, "bent", names=names)
    (check,) = failed(report_of(folder))
    assert (check.name, found in check.found) == ("schema", True)


def test_a_missing_column_is_found(folder: Path) -> None:
    rewrite(folder, "bent", names=NAMES[:2], weights=np.ones((2, 3), np.float32))
    assert any("missing snr" in check.found for check in failed(report_of(folder)))


def test_models_that_no_figure_ranks_are_found(folder: Path) -> None:
    text = (folder / "service.toml").read_text()
    (folder / "service.toml").write_text(text.replace("[targets", '[auto]\nby = "recall"\n[targets'))
    assert {check.name for check in failed(report_of(folder))} == {"auto", "performance"}


@pytest.mark.parametrize(
    ("slow", "name"),
    [
        ({"p50_ms": 30.0}, "latency p50"),
        ({"p95_ms": 61.0}, "latency p95"),
        ({"throughput_rps": 30.0}, "throughput"),
        ({"memory_mb": 501.0}, "memory"),
    ],
    ids=["p50", "p95", "throughput", "memory"],
)
def test_a_target_that_is_missed_is_found(folder: Path, slow: dict[str, float], name: str) -> None:
    (check,) = failed(report_of(folder, replace(QUICK, **slow)))
    assert (check.name, check.subject) == (name, "linear")


def test_an_image_or_a_start_beyond_lambdas_limits_is_found(folder: Path) -> None:
    assert [c.name for c in failed(report_of(folder, costs=Costs(20_000, 500)))] == ["image size"]
    assert [c.name for c in failed(report_of(folder, costs=Costs(300, 20_000)))] == ["cold start"]


def test_a_bundle_is_measured_in_a_process_of_its_own(folder: Path) -> None:
    speed = bench.measured(folder / "models/linear/v1.0.0")
    assert 0 < speed.p50_ms <= speed.p95_ms <= speed.p99_ms
    assert 20 < speed.memory_mb < 300


def test_a_bundle_that_cannot_be_measured_says_why(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"cannot be measured: .*BundleError: .* is not a bundle"):
        bench.measured(tmp_path)


def test_rows_are_timed_one_by_one(folder: Path) -> None:
    ticks = iter(range(10_000))
    speed = bench.speed(folder / "models/linear/v1.0.0", lambda: float(next(ticks)))
    assert (speed.p50_ms, speed.p99_ms, speed.throughput_rps) == (1000, 1000, 1)
    assert speed.batch_rows_per_s == bench.BATCH_ROWS


def command(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    arguments = ["preflight", str(folder / "service.toml"), "--models", str(folder / "models"), *more]
    environment = {**os.environ, "COLUMNS": "140"}
    return subprocess.run(
        [sys.executable, "-m", "serinus.cli", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_prints_a_checklist_and_its_verdict(folder: Path) -> None:
    run = command(folder)
    assert run.returncode == 0, run.stderr
    assert "Preflight of tiny: ready" in run.stdout
    said: dict[str, Any] = json.loads(command(folder, "--json").stdout)
    assert said["ok"]
    assert 100 < said["costs"]["image_mb"] < 2_000
    assert 50 < said["costs"]["cold_start_ms"] < 60_000


def test_the_command_fails_when_a_check_does(folder: Path) -> None:
    (folder / "models/bent/v1.0.0/golden.npz").unlink()
    run = command(folder, "--json")
    said = json.loads(run.stdout)
    assert (run.returncode, said["ok"], said["costs"]) == (1, False, None)
