"""A file through our bulk scoring, and through pandas and the model's own library: rows per second, peak memory.

    python -m benchmarks.bulk [--rows 100000] [--models models] [--originals originals] [--json FILE]

Same file, same machine, same run. Each run is a fresh process; imports and loading are outside its clock; the sides
take turns, so that what disturbs the machine disturbs both. Preprocessing is inside the clock on both sides: the
native side applies its scikit-learn pipeline, ours has it in the graph. Ours also writes the predictions.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from rich.console import Console

from benchmarks.table import console, machine, print_machine, print_table, write_json
from services.kepler.light_curves import FEATURE_NAMES
from services.kepler.simulator import blocks

ROOT = Path(__file__).parents[1]
PACKAGES = ("onnxruntime", "pyarrow", "numpy", "pandas", "xgboost-cpu", "scikit-learn", "tensorflow-cpu")
MODELS = ("xgboost", "random_forest", "keras_cnn")
SIDES = ("ours", "native")
LARGER = 4  # times as many rows: memory must stay what it is
GROUP_ROWS = 10_000
SAMPLED_EVERY_S = 0.02


@dataclass(frozen=True)
class Folders:
    models: Path
    originals: Path
    scratch: Path


@dataclass(frozen=True)
class Case:
    """rounds: how often each side has its turn."""

    model: str
    file: Path
    rows: int
    rounds: int


@dataclass(frozen=True)
class Figures:
    """Medians. peak_mb: the largest resident memory seen, of the process and its children together."""

    rows_per_s: float
    peak_mb: float
    max_rss_mb: float


@dataclass(frozen=True)
class Result:
    model: str
    file: str
    rows: int
    ours: Figures
    native: Figures

    @property
    def ratio(self) -> float:
        return self.ours.rows_per_s / self.native.rows_per_s


def main() -> None:
    options = _options()
    out, facts = console(), machine(PACKAGES)
    print_machine(out, facts)
    with tempfile.TemporaryDirectory(prefix="serinus-bulk-", dir=options.scratch) as scratch:
        folders = Folders(options.models, options.originals, Path(scratch))
        results = []
        for case in cases(folders.scratch, options.rows, options.rounds):
            results.append(compared(case, folders))
            out.print(_line(results[-1]))
    show(out, results)
    measured = [{**asdict(result), "ratio": result.ratio} for result in results]
    write_json(options.json, {"machine": facts, "results": measured})


def cases(folder: Path, rows: int, rounds: int) -> Iterator[Case]:
    """Every model on each file. Files are made when their turn comes, and removed when it is over."""
    for name, count, turns in (
        ("curves.parquet", rows, rounds),
        ("curves.csv", rows, rounds),
        ("larger.parquet", LARGER * rows, 1),
    ):
        file = folder / name
        write_curves(file, count)
        yield from (Case(model, file, count, turns) for model in MODELS)
        file.unlink()


def write_curves(file: Path, count: int) -> None:
    """`count` simulated curves: kepid and the 784 bins, in row groups of 10,000, zstd."""
    made = map(_table, blocks(count, seed=7, size=GROUP_ROWS))
    first = next(made)
    if file.suffix == ".csv":
        with arrow_csv.CSVWriter(file, first.schema) as csv:
            for table in (first, *made):
                csv.write_table(table)
    else:
        with pq.ParquetWriter(file, first.schema, compression="zstd") as parquet:
            parquet.write_table(first)
            for table in made:
                parquet.write_table(table)


def compared(case: Case, folders: Folders) -> Result:
    turns: dict[str, list[Figures]] = {side: [] for side in SIDES}
    for turn in range(case.rounds):
        for side in SIDES if turn % 2 == 0 else SIDES[::-1]:
            turns[side].append(one_run(side, case, folders))
    ours, native = (_medians(turns[side]) for side in SIDES)
    return Result(case.model, case.file.name, case.rows, ours, native)


def one_run(side: str, case: Case, folders: Folders) -> Figures:
    home = folders.models if side == "ours" else folders.originals
    with tempfile.TemporaryDirectory(dir=folders.scratch) as out:
        arguments = [side, case.model, str(case.file), str(home.resolve()), str(Path(out, "scored"))]
        command = [sys.executable, "-m", "benchmarks.baselines.bulk_sides", *arguments]
        with subprocess.Popen(command, cwd=ROOT, env=_environment(), text=True, **PIPES) as process:
            ready = process.stdout.readline() if process.stdout else ""
            with Watch(process.pid) as watch:
                said, errors = process.communicate("go\n")
    if ready != "ready\n" or process.returncode:
        raise RuntimeError(f"exit status {process.returncode} of {command}: {errors[-2000:]}")
    run = json.loads(said)
    if run["rows"] != case.rows:
        raise RuntimeError(f"expected {case.rows} rows, {side} scored {run['rows']}")
    return Figures(run["rows"] / run["seconds"], watch.peak_mb, run["max_rss_mb"])


class Watch:
    """Looks again and again at the resident memory of a process and its children."""

    def __init__(self, pid: int) -> None:
        self.peak_mb = 0.0
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(SAMPLED_EVERY_S):
            try:
                family = (self._process, *self._process.children(recursive=True))
                resident = sum(process.memory_info().rss for process in family)
            except psutil.NoSuchProcess:
                continue
            self.peak_mb = max(self.peak_mb, resident / 2**20)


def show(out: Console, results: Sequence[Result]) -> None:
    columns = ["model", "file", "rows", "ours rows/s", "native rows/s", "ratio", "ours peak MB", "native peak MB"]
    rows = [
        [
            *(result.model, result.file, f"{result.rows:,}", result.ours.rows_per_s, result.native.rows_per_s),
            *(result.ratio, result.ours.peak_mb, result.native.peak_mb),
        ]
        for result in results
    ]
    print_table(out, "Bulk scoring against pandas and the native library", columns, rows)


def _line(result: Result) -> str:
    return f"{result.model} on {result.rows:,} rows of {result.file}: {result.ratio:.2f}x"


def _table(curves: Any) -> pa.Table:
    columns = dict(zip(FEATURE_NAMES, map(np.ascontiguousarray, curves.flux.T), strict=True))
    return pa.table({"kepid": curves.kepid, **columns})


def _medians(turns: Sequence[Figures]) -> Figures:
    return Figures(*(median(getattr(turn, name) for turn in turns) for name in ("rows_per_s", "peak_mb", "max_rss_mb")))


PIPES: Mapping[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def _environment() -> dict[str, str]:
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "1"}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bulk", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the Parquet file; then four times as many")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side, but on the larger file")
    parser.add_argument("--models", type=Path, default=Path("models"), help="the bundles")
    parser.add_argument("--originals", type=Path, default=Path("originals"), help="the models in their own formats")
    parser.add_argument("--scratch", type=Path, help="where the files are made: 2 GB for the larger one")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
