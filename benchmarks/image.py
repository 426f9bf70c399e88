"""The online image of kepler beside a naive one of the same code, bundles and packages: megabytes, and a cold start.

python -m benchmarks.image [--models models] [--wheelhouse build/wheelhouse] [--write] [--json FILE]

Needs an engine, the base image (scripts/offline-base), the wheels (scripts/wheelhouse) and the emulator
(scripts/emulator); `make test-containers` brings them all. --write puts the tables into docs/cold-start.md.
"""

import argparse
import json
import re
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.cold import ROOT, SERVICE, parsed
from benchmarks.emulator import Emulated, emulated
from benchmarks.engine import BASE_IMAGE, build, docker, megabytes
from benchmarks.table import console, machine, print_machine, print_table, write_json
from serinus.baking.bake import Ingredients, bake, gather
from serinus.baking.context import put_wheels
from serinus.golden import load

PAGE = ROOT / "docs/cold-start.md"
BEGIN, END = "<!-- measured: python -m benchmarks.image --write -->", "<!-- end of what was measured -->"
EVENT = ROOT / "tests/handlers/events/http_v2_predict.json"
NAIVE = ROOT / "benchmarks/naive.Dockerfile"
ONLINE_TAG, NAIVE_TAG = "serinus-kepler-online", "serinus-kepler-naive"
TIMES, WARM = 5, 100
HALF = ("--cpus", "0.5")
HEAVIEST = 12
PARTS = """
import json, os, sys
from collections import Counter
parts = Counter()
def add(part, path):
    stat = os.lstat(path)
    parts[part] += stat.st_size if not os.path.islink(path) else 0
for root, _, files in os.walk("/opt/packages"):
    for file in files:
        top = os.path.relpath(root, "/opt/packages").split(os.sep)[0]
        name = (top if top != "." else file).split("-")[0].split(".")[0]
        add(".pyc of packages" if file.endswith(".pyc") else name, os.path.join(root, file))
for root, _, files in os.walk("/var/task"):
    for file in files:
        kind = "bundles" if root.startswith("/var/task/models") else "code"
        add(".pyc of our code" if file.endswith(".pyc") else kind, os.path.join(root, file))
json.dump(parts, sys.stderr)
"""

Row = Sequence[object]


@dataclass(frozen=True)
class Start:
    """One cold start under the emulator. first_ms: the first invocation, the start included."""

    init_ms: float
    first_ms: float
    warm_p50_ms: float
    resident_mb: float
    opened_ms: Mapping[str, float]


@dataclass(frozen=True)
class Table:
    title: str
    columns: Sequence[str]
    rows: Sequence[Row]


def main() -> None:
    options = _options()
    out = console()
    facts = machine(("onnxruntime", "numpy", "pydantic", "starlette", "aws-lambda-powertools", "mangum"))
    print_machine(out, facts)
    with tempfile.TemporaryDirectory(prefix="serinus-image-") as scratch, out.status("building, starting"):
        ingredients = gather(ROOT, SERVICE, options.models)
        _built(ingredients, Path(scratch), options.wheelhouse)
        event = _event(ingredients)
        starts = _starts({"naive": (NAIVE_TAG, ()), "online": (ONLINE_TAG, ())}, event)
        halves = _starts({"naive": (NAIVE_TAG, HALF), "online": (ONLINE_TAG, HALF)}, event)
        tables = [_images(starts, halves), _megabytes(), _imports(), _models(starts["online"])]
    for table in tables:
        print_table(out, table.title, table.columns, table.rows)
    if options.write:
        _write(tables, facts)
    write_json(options.json, {"machine": facts, "tables": {table.title: table.rows for table in tables}})


def _built(ingredients: Ingredients, scratch: Path, wheelhouse: Path) -> None:
    context = bake(ingredients, scratch)[0].folder
    put_wheels(context, wheelhouse)
    build(context, ONLINE_TAG, target="online")
    build(context, NAIVE_TAG, dockerfile=NAIVE)


def _event(ingredients: Ingredients) -> dict[str, Any]:
    """A recorded event, its body a row that every model answers."""
    rows, _ = load(next(iter(ingredients.bundles.values())))
    row = next(row for row in rows if np.isfinite(row).all())
    body = json.dumps({"features": [float(value) for value in row], "return_all_models": True})
    return {**json.loads(EVENT.read_text()), "body": body, "isBase64Encoded": False}


def _starts(images: Mapping[str, tuple[str, tuple[str, ...]]], event: Mapping[str, Any]) -> dict[str, list[Start]]:
    """Several of each, in turn, so that what disturbs the machine disturbs both; a first round warms the page cache."""
    found: dict[str, list[Start]] = {name: [] for name in images}
    for turn in range(TIMES + 1):
        for name, (tag, limits) in images.items():
            with emulated(tag, limits) as function:
                start = _start(function, event)
            if turn:
                found[name].append(start)
    return found


def _start(function: Emulated, event: Mapping[str, Any]) -> Start:
    first_ms = _ms_of(function, event)
    warm = [_ms_of(function, event) for _ in range(WARM)]
    opened = dict(_opened(docker("logs", function.container)))
    return Start(function.init_ms, first_ms, median(warm), function.resident_mb, opened)


def _ms_of(function: Emulated, event: Mapping[str, Any]) -> float:
    begin = time.perf_counter()
    answer = function.invoke(event)
    if answer.get("statusCode") != 200:
        raise RuntimeError(f"expected an answer, got {answer}")
    return (time.perf_counter() - begin) * 1000


def _opened(logs: str) -> Iterable[tuple[str, float]]:
    """What the handler itself reports as metrics."""
    for line in logs.splitlines():
        if "model_load_time_seconds" in line and line.startswith("{"):
            metrics = json.loads(line)
            [seconds] = (
                metrics["model_load_time_seconds"]
                if isinstance(metrics["model_load_time_seconds"], list)
                else [metrics["model_load_time_seconds"]]
            )
            yield metrics["model"], seconds * 1000


def _images(starts: Mapping[str, list[Start]], halves: Mapping[str, list[Start]]) -> Table:
    rows: list[Row] = []
    for name, tag in (("naive", NAIVE_TAG), ("online", ONLINE_TAG)):
        inits = [one.init_ms for one in starts[name]]
        spread = f"{min(inits):.0f} to {max(inits):.0f}"
        half = median(one.init_ms for one in halves[name])
        figures = [
            median(getattr(one, figure) for one in starts[name])
            for figure in ("first_ms", "warm_p50_ms", "resident_mb")
        ]
        rows.append(
            [name, round(megabytes(tag)), round(median(inits)), spread, round(half), *(round(f, 1) for f in figures)]
        )
    ratio = median(new.init_ms / old.init_ms for new, old in zip(starts["online"], starts["naive"], strict=True))
    half = median(new.init_ms / old.init_ms for new, old in zip(halves["online"], halves["naive"], strict=True))
    rows.append(["online / naive", "", f"{ratio:.2f}", "", f"{half:.2f}", "", "", ""])
    columns = [
        "image",
        "MB",
        "init ms",
        "from, to",
        "init ms, half a CPU",
        "first answer ms",
        "warm p50 ms",
        "resident MB",
    ]
    return Table("Two images of kepler under the emulator", columns, rows)


def _megabytes() -> Table:
    base = megabytes(BASE_IMAGE)
    columns = {tag: {"base": base * 1e6, **_parts(tag)} for tag in (ONLINE_TAG, NAIVE_TAG)}
    own = columns[ONLINE_TAG]
    own[".pyc of the standard library"] = megabytes(ONLINE_TAG) * 1e6 - sum(own.values())
    shown = sorted(columns[NAIVE_TAG] | own, key=lambda part: -max(of.get(part, 0) for of in columns.values()))
    large = [part for part in shown if max(of.get(part, 0) for of in columns.values()) > 4e5]
    rows: list[Row] = [[part, *(round(of.get(part, 0) / 1e6, 1) for of in columns.values())] for part in large]
    rest = [sum(size for part, size in of.items() if part not in large) / 1e6 for of in columns.values()]
    rows += [["everything else", *(round(one, 1) for one in rest)]]
    rows += [["the image", round(megabytes(ONLINE_TAG), 1), round(megabytes(NAIVE_TAG), 1)]]
    return Table("Where the megabytes are", ["part", "online MB", "naive MB"], rows)


def _parts(tag: str) -> dict[str, int]:
    parts: dict[str, int] = json.loads(_inside(tag, "-c", PARTS).splitlines()[-1])
    return parts


def _imports() -> Table:
    """Of the handler in its image: medians of several fresh containers, by top-level package."""
    command = ["-X", "importtime", "-c", "import awslambdaric.bootstrap, functions.predict.handler"]
    runs = [
        {one.package: one.self_ms for one in parsed(_inside(ONLINE_TAG, *command).splitlines())} for _ in range(TIMES)
    ]
    medians = {package: median(run.get(package, 0.0) for run in runs) for package in runs[0]}
    heaviest = sorted(medians, key=lambda package: -medians[package])[:HEAVIEST]
    rows: list[Row] = [[package, round(medians[package], 1)] for package in heaviest]
    rows.append(["all others", round(sum(ms for package, ms in medians.items() if package not in heaviest), 1)])
    return Table(
        "Where the time of a start goes: imports (functions: includes waiting for the models)", ["package", "ms"], rows
    )


def _models(starts: Sequence[Start]) -> Table:
    rows: list[Row] = [[name, round(median(one.opened_ms[name] for one in starts), 1)] for name in starts[0].opened_ms]
    return Table("... and the models, beside the imports", ["model", "read, verify, open, first run ms"], rows)


def _inside(tag: str, *command: str) -> str:
    confined = ["--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp", "--env", "AWS_LAMBDA_FUNCTION_NAME=x"]
    return docker("run", *confined, "--entrypoint", "python", tag, *command)


def _write(tables: Iterable[Table], facts: Mapping[str, Any]) -> None:
    load = ", ".join(map(str, facts["load_average_at_start"]))
    about = f"{facts['cpu']}, {facts['cores']} cores; load average at the start: {load}."
    written = "\n\n".join([about, *map(_markdown, tables)])
    text = PAGE.read_text()
    if not re.search(f"{BEGIN}.*{END}", text, re.DOTALL):
        raise RuntimeError(f"{PAGE}: expected {BEGIN} and {END}")
    PAGE.write_text(text[: text.index(BEGIN)] + f"{BEGIN}\n\n{written}\n\n" + text[text.index(END) :])


def _markdown(table: Table) -> str:
    lines = [table.columns, ["---"] * len(table.columns), *table.rows]
    return f"**{table.title}**\n\n" + "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.image", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"), help="the bundles of kepler")
    parser.add_argument("--wheelhouse", type=Path, default=Path("build/wheelhouse"), help="the wheels of its images")
    parser.add_argument("--write", action="store_true", help=f"write the tables into {PAGE.name}")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
