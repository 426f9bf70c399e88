"""A cold start: what the predict handler costs a fresh process in time and memory, module by module.

python -m benchmarks.cold [--models models] [--json FILE]
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from benchmarks.table import console, machine, print_machine, print_table, write_json

ROOT = Path(__file__).parents[1]
SERVICE = ROOT / "services/kepler/service.toml"
PACKAGES = ("onnxruntime", "numpy", "fastapi", "pydantic", "aws-lambda-powertools", "mangum")
OURS = "our handler, models loaded"
CASES = {
    "python alone": "",
    OURS: "import functions.predict.handler",
    "old: fastapi + xgboost": "import fastapi, joblib, sklearn.pipeline, xgboost",
    "old: fastapi + sklearn": "import fastapi, joblib, sklearn.ensemble",
    "old: fastapi + keras": "import fastapi, joblib, sklearn.pipeline, keras",
    "old: all three": "import fastapi, joblib, sklearn.ensemble, xgboost, keras",
}
FRESH_PROCESSES = 5
TOP = 12
LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|( *)(\S+)$")

# VmHWM and not ru_maxrss where there is one: a child's ru_maxrss starts at what its parent had when it was forked.
MEASURED = """
import time; wall, cpu = time.perf_counter(), time.process_time()
{statement}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
import json, re, resource, sys
try: peak_kb = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
except OSError: peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
json.dump({{"wall_ms": wall * 1000, "cpu_ms": cpu * 1000, "peak_mb": peak_kb / 1024}}, sys.stderr)
"""
LOADED = """
import json, sys, time
from pathlib import Path
from serinus.bundle import Bundle
from serinus.predictor import Predictor
start = time.perf_counter(); bundle = Bundle.load(Path(sys.argv[1]))
verified = time.perf_counter(); predictor = Predictor(bundle)
loaded = time.perf_counter(); predictor.warm()
spans = {"verify_ms": verified - start, "session_ms": loaded - verified, "first_run_ms": time.perf_counter() - loaded}
json.dump({name: span * 1000 for name, span in spans.items()}, sys.stderr)
"""

Figures = dict[str, float]


@dataclass(frozen=True)
class Import:
    """One package in the import of another. self: its own modules; cumulative: and what they imported first."""

    package: str
    self_ms: float
    cumulative_ms: float


def main() -> None:
    options = _options()
    out = console()
    facts = machine(PACKAGES)
    print_machine(out, facts)
    with tempfile.TemporaryDirectory(prefix="serinus-cold-") as scratch, out.status("fresh processes"):
        report = {"machine": facts, "processes": FRESH_PROCESSES, **measured(options.models.resolve(), Path(scratch))}
    show(out, report)
    write_json(options.json, report)


def measured(models: Path, scratch: Path) -> dict[str, Any]:
    settings = {"SERINUS_SERVICE": str(SERVICE), "SERINUS_MODELS": str(models)}
    compiled, bare = _compiled(scratch / "compiled", settings), _not_compiled(scratch / "bare", settings)
    bundles = {folder.parent.name: folder for folder in sorted(models.glob("*/v*")) if folder.is_dir()}
    return {
        "compiled": {name: fresh(MEASURED.format(statement=case), compiled) for name, case in CASES.items()},
        "not_compiled": {name: fresh(MEASURED.format(statement=CASES[name]), bare) for name in (OURS,)},
        "imports": [asdict(one) for one in imports_of(CASES[OURS], compiled)],
        "bundles": {name: fresh(LOADED, compiled, str(folder)) for name, folder in bundles.items()},
    }


def fresh(program: str, env: Mapping[str, str], *arguments: str) -> Figures:
    """The figures that `program` writes as JSON at the end of standard error: medians of several fresh processes."""
    runs = [_figures(_stderr([sys.executable, "-c", program, *arguments], env)) for _ in range(FRESH_PROCESSES)]
    return {name: round(median(run[name] for run in runs), 2) for name in runs[0]}


def imports_of(statement: str, env: Mapping[str, str]) -> list[Import]:
    """By top-level package, the heaviest in itself first; medians of several fresh processes."""
    command = [sys.executable, "-X", "importtime", "-c", statement]
    runs = [{one.package: one for one in parsed(_stderr(command, env).splitlines())} for _ in range(FRESH_PROCESSES)]
    packages = set.intersection(*(set(run) for run in runs))
    medians = [
        Import(
            package,
            round(median(run[package].self_ms for run in runs), 2),
            round(median(run[package].cumulative_ms for run in runs), 2),
        )
        for package in packages
    ]
    return sorted(medians, key=lambda one: -one.self_ms)


def parsed(lines: Iterable[str]) -> list[Import]:
    """Sums by top-level package of what `python -X importtime` wrote.

    A module stands after the modules that it imported, which are indented deeper: read backwards, each follows the
    one that imported it. Cumulative time counts where a package is entered, not again for its own modules inside.
    """
    self_us: dict[str, int] = {}
    cumulative_us: dict[str, int] = {}
    importers: list[tuple[int, str]] = []
    for match in filter(None, map(LINE.match, reversed(list(lines)))):
        depth, package = len(match[3]), match[4].partition(".")[0]
        while importers and importers[-1][0] >= depth:
            importers.pop()
        self_us[package] = self_us.get(package, 0) + int(match[1])
        if package not in (importer for _, importer in importers):
            cumulative_us[package] = cumulative_us.get(package, 0) + int(match[2])
        importers.append((depth, package))
    return [Import(package, us / 1000, cumulative_us.get(package, 0) / 1000) for package, us in self_us.items()]


def show(out: Console, report: Mapping[str, Any]) -> None:
    rows = [[name, "yes", *run.values()] for name, run in report["compiled"].items()]
    rows += [[name, "no", *run.values()] for name, run in report["not_compiled"].items()]
    print_table(out, "In a fresh process", ["import", ".pyc there", "wall ms", "CPU ms", "peak MB"], rows)
    heaviest = [list(one.values()) for one in report["imports"][:TOP]]
    print_table(out, "Imports of our handler, the heaviest", ["package", "self ms", "cumulative ms"], heaviest)
    bundles = [[name, *run.values()] for name, run in report["bundles"].items()]
    print_table(out, "Loading a bundle", ["model", "read, verify ms", "session ms", "first run ms"], bundles)


def _compiled(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """An environment in which every module of every case has its .pyc."""
    env = _environment(folder, settings)
    for statement in CASES.values():
        _stderr([sys.executable, "-c", statement], env)
    _stderr([sys.executable, "-c", MEASURED.format(statement="")], env)
    return env


def _not_compiled(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """An environment in which no module has one, the standard library included, as on a read-only disk without."""
    return {**_environment(folder, settings), "PYTHONDONTWRITEBYTECODE": "1"}


def _environment(pycache: Path, settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, **settings, "PYTHONPYCACHEPREFIX": str(pycache), "TF_CPP_MIN_LOG_LEVEL": "3"}


def _figures(stderr: str) -> Figures:
    figures: Figures = json.loads(stderr[stderr.rindex("{") :])
    return figures


def _stderr(command: Sequence[str], env: Mapping[str, str]) -> str:
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"exit status {done.returncode} of {command}: {done.stderr[-2000:]}")
    return done.stderr


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"), help="the bundles")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
