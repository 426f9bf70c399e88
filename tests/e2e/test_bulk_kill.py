"""A job that is killed at any moment continues, and ends with the very bytes of an undisturbed one."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from serinus.bulk import local
from serinus.bulk.plan import Request, plan
from serinus.bulk.sources import Cut
from tests.unit.bulk.jobs import Bench, rows, table, tree

ROOT = Path(__file__).parents[2]
KILLS = 5  # of each of the three jobs
MAIN = """
import sys
from pathlib import Path
from serinus import service as services
from serinus.bulk import local
from serinus.bulk.plan import Request, plan
from serinus.bulk.scorer import load
from serinus.bulk.sources import Cut
folder, file, out = map(Path, sys.argv[1:])
scorer = load(services.load(folder / "service.toml"), folder / "models", "linear")
print("ready", flush=True)
local.run(plan(Request(file, cut=Cut(4_000, 60)), scorer), out, workers=2)
"""

SCORE = """
import signal, typer
from serinus.cli.score import score
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run as a background job
app = typer.Typer()
app.command()(score)
app()
"""


def csv_rows(count: int) -> bytes:
    """CSV with newlines in quotes and, now and then, a bad row."""
    lines = [f'"star\n{i}",{i % 7},{"x" if i % 50 == 3 else 2},3\n' for i in range(count)]
    return ("id,f0,f1,f2\n" + "".join(lines)).encode()


def jsonl_rows(count: int) -> bytes:
    lines = [json.dumps({"id": i, "features": [i % 7, None if i % 50 == 3 else 2, 3]}) + "\n" for i in range(count)]
    return gzip.compress("".join(lines).encode())


def write(folder: Path, name: str) -> Path:
    file = folder / name
    if name == "rows.parquet":  # one large row group: it is laid out in a scratch file
        pq.write_table(table(rows(10_000), id=range(10_000)), file)
    else:
        file.write_bytes(csv_rows(30_000) if name == "rows.csv" else jsonl_rows(12_000))
    return file


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "rows.jsonl.gz"])
def test_a_job_killed_at_any_moment_loses_and_doubles_nothing(tmp_path: Path, name: str) -> None:
    bench, file = Bench(tmp_path), write(tmp_path, name)
    started = time.perf_counter()
    undisturbed = local.run(
        plan(Request(file, cut=Cut(4_000, 60)), bench.scorer()), tmp_path / "undisturbed", workers=2
    )
    took = time.perf_counter() - started
    chance, out, kills = random.Random(name), tmp_path / "out", 0

    for _ in range(10 * KILLS):
        if kills == KILLS:
            break
        if killed(tmp_path, file, out, after_s=chance.uniform(0, took / 3)):
            kills += 1
        else:  # it was faster: another one is killed instead
            assert tree(out) == tree(tmp_path / "undisturbed")
            out = tmp_path / f"out-{kills}"

    assert kills == KILLS
    assert subprocess.run(command(tmp_path, file, out), cwd=ROOT, check=False).returncode == 0
    assert tree(out) == tree(tmp_path / "undisturbed")
    assert undisturbed.manifest.rows_in == {"rows.parquet": 10_000, "rows.csv": 30_000}.get(name, 12_000)


def test_an_interrupted_command_says_how_to_go_on(tmp_path: Path) -> None:
    bench, file = Bench(tmp_path), write(tmp_path, "rows.csv")
    bench.scorer()
    file.write_bytes(csv_rows(400_000))  # long enough that the signal comes before the end
    arguments = ["score", str(file), "--service", str(bench.service), "--models", str(bench.models)]
    command = [sys.executable, "-c", SCORE, *arguments[1:], "--out", str(tmp_path / "out"), "--model", "linear"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        wait_for(tmp_path / "out" / ".work" / "job")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "run the same command again to continue" in said
    assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 0
    assert (tmp_path / "out" / "_SUCCESS.json").exists()


def command(folder: Path, file: Path, out: Path) -> list[str]:
    return [sys.executable, "-c", MAIN, str(folder), str(file), str(out)]


def killed(folder: Path, file: Path, out: Path, *, after_s: float) -> bool:
    """Start the job, and kill it that long after it began, unless it is done by then."""
    with subprocess.Popen(command(folder, file, out), cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(after_s)
        process.kill()
        process.wait()
    assert process.returncode in (0, -signal.SIGKILL)
    return process.returncode != 0


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < deadline, f"{file} never appeared"
        time.sleep(0.01)
