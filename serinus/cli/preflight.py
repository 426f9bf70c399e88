"""`serinus preflight`: everything that can be known before a service is deployed."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import typer

from serinus.cli.options import JsonOption, ModelsOption, ServiceArgument

if TYPE_CHECKING:
    from rich.table import Table

    from serinus.preflight import Costs, Report
    from serinus.service import Service

FRESH_PROCESSES = 3
BASE_IMAGE_MB = 127  # python:3.13-slim, uncompressed
COLD_START = """
import json, time
started = time.perf_counter()
import functions.predict.handler
cold_start_ms = 1000 * (time.perf_counter() - started)
import sys
from importlib.metadata import distribution, packages_distributions
owners = packages_distributions()
names = {owner for module in sys.modules for owner in owners.get(module.partition(".")[0], ())}
files = {file.locate() for name in names for file in distribution(name).files or () if ".pyc" not in file.suffixes}
size = sum(file.stat().st_size for file in files if file.exists())
print(json.dumps({"cold_start_ms": cold_start_ms, "bytes": size}))
"""


def preflight(
    service: ServiceArgument,
    models: ModelsOption = Path("models"),
    as_json: JsonOption = False,
) -> None:
    """Go through the checklist in front of a deployment; exit code 1 when anything fails.

    Every file as its checksum says, every bundle as service.toml says (features and their names, labels, versions),
    golden rows on this machine's runtime, latency, throughput and memory of each model in a process of its own against
    [targets] in service.toml, and estimates of the image and of a cold start.

    Try: serinus preflight kepler --models models
    """
    from rich.console import Console

    from serinus import service as services
    from serinus.bench import measured
    from serinus.preflight import preflight as checked

    file = services.find(service)
    named = services.load(file)
    with Console(stderr=True).status(f"checking {named.name}: files, answers, speed, cold start"):
        report = checked(named, models, measured, lambda: costs(named, file, models))
    if as_json:
        print(json.dumps({"service": named.name, "ok": report.is_ok, **asdict(report)}))
    else:
        console = Console()
        console.print(checklist(named, report))
        if report.speeds:
            console.print(speeds(report))
    raise typer.Exit(0 if report.is_ok else 1)


def costs(service: "Service", file: Path, models: Path) -> "Costs":
    """The predict handler in fresh processes; the image as base, what the handler imports, and the bundles."""
    from serinus.errors import ServiceError
    from serinus.preflight import Costs
    from serinus.settings import PredictSettings

    settings = PredictSettings(service=file.resolve(), models=models.resolve())
    env = {**os.environ, **settings.as_env(), "AWS_LAMBDA_FUNCTION_NAME": service.name}
    command, runs = [sys.executable, "-c", COLD_START], []
    for _ in range(FRESH_PROCESSES):
        run = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if run.returncode:
            raise ServiceError(f"the predict handler does not start: {run.stderr.strip()[-500:]}")
        runs.append(json.loads(run.stdout.splitlines()[-1]))
    folders = service.bundles(models).values()
    baked = sum(part.stat().st_size for folder in folders for part in folder.iterdir())
    return Costs(
        image_mb=BASE_IMAGE_MB + (runs[0]["bytes"] + baked) / 2**20,
        cold_start_ms=median(run["cold_start_ms"] for run in runs),
    )


def checklist(service: "Service", report: "Report") -> "Table":
    from rich.table import Table

    verdict = "[green]ready[/]" if report.is_ok else "[red]not ready[/]"
    table = Table("", "check", "of", "found", "expected", title=f"Preflight of {service.name}: {verdict}")
    for check in report.checks:
        mark = "[green]ok[/]" if check.is_ok else "[red]FAILED[/]"
        table.add_row(mark, check.name, check.subject, check.found, check.expected)
    return table


def speeds(report: "Report") -> "Table":
    from rich.table import Table

    table = Table("model", title="Milliseconds of one row; rows a second one by one and in batches of 256; MB")
    for column in ("p50", "p95", "p99", "rows/s", "batched", "memory", "load", "first run"):
        table.add_column(column, justify="right")
    for name, speed in report.speeds.items():
        latency = (f"{value:.3f}" for value in (speed.p50_ms, speed.p95_ms, speed.p99_ms))
        rates = (f"{value:,.0f}" for value in (speed.throughput_rps, speed.batch_rows_per_s, speed.memory_mb))
        table.add_row(name, *latency, *rates, f"{speed.load_ms:.1f}", f"{speed.first_run_ms:.2f}")
    return table
