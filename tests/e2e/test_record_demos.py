"""The demos of services of records, whole: train, export, look up, serve, score, report."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serinus.bundle import Bundle

MEMBERS = ("ensemble", "xgboost", "lightgbm", "random_forest", "ridge")


def shown(service: str, home: Path) -> str:
    command = [sys.executable, "-m", f"services.{service}.demo", "--out", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def scored(home: Path) -> pa.Table:
    return pa.concat_tables([pq.read_table(part) for part in sorted((home / "scored" / "predictions").iterdir())])


@pytest.fixture(scope="module")
def nuru(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("nuru")
    shown("nuru", home)
    return home


@pytest.mark.parametrize("name", MEMBERS)
def test_each_yield_model_is_proven_equal(nuru: Path, name: str) -> None:
    metadata = Bundle.load(nuru / "models" / name / "v1.0.0").metadata
    assert metadata.parity.rows >= 10_000
    assert metadata.performance["r2"] > 0.5
    assert metadata.input_schema.fields


def test_every_harvest_but_the_spoilt_ones_is_answered(nuru: Path) -> None:
    table = scored(nuru)
    assert table.num_rows == 50_000 - 3
    assert set(table["model"].to_pylist()) == {"ensemble"}
    parts = (part.read_text() for part in (nuru / "scored" / "quarantine").iterdir())
    spoilt = [json.loads(line) for part in parts for line in part.splitlines()]
    assert sorted(one["reason"].partition(":")[0] for one in spoilt) == ["altitude", "latitude", "season"]


def test_the_report_of_yields_shows_the_documents_answers(nuru: Path) -> None:
    page = (nuru / "report.html").read_text()
    assert "predicted_yield_kg_per_ha" in page
    assert page.count("<svg") >= 2


@pytest.fixture(scope="module")
def without_redis(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where the demo of patients left everything, and what it said."""
    home = tmp_path_factory.mktemp("without-redis")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent))
        return home, shown("iit", home)


@pytest.fixture(scope="module")
def iit(without_redis: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same demo again, with Redis: what it learnt is there."""
    if shutil.which("redis-server") is None:
        pytest.skip("REDIS MISSING: no redis-server on the path; install it, as .ci/run does")
    home = tmp_path_factory.mktemp("iit") / "iit"
    shutil.copytree(without_redis[0], home)
    shutil.rmtree(home / "scored")
    (home / "audit.jsonl").unlink()
    assert "the same code has already learnt" in shown("iit", home)
    return home


def test_the_demo_of_patients_runs_without_redis(without_redis: tuple[Path, str]) -> None:
    home, said = without_redis
    assert "kept in a Parquet file" in said
    assert scored(home).num_rows == 50_000 - 3


def test_every_visit_but_the_spoilt_ones_is_answered(iit: Path) -> None:
    table = scored(iit)
    assert table.num_rows == 50_000 - 3
    risk = table["p_INTERRUPTED"].to_numpy()
    happened = np.array(table["interrupted"].to_pylist()) == "true"
    assert abs(risk.mean() - happened.mean()) < 0.02  # of patients it has not seen: it is calibrated


def test_what_is_kept_of_patients_names_nobody(iit: Path) -> None:
    records = [json.loads(line) for line in (iit / "audit.jsonl").read_text().splitlines()]
    assert len(records) > 400
    assert {record["event"] for record in records} == {"audit"}
    kept = (iit / "audit.jsonl").read_text() + (iit / "server.log").read_text()
    assert "IIT-0" not in kept
