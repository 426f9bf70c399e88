"""`serinus score`: a file of rows through a service, in bulk."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from serinus.cli.options import JsonOption, ModelsOption, ServiceOption

if TYPE_CHECKING:
    from serinus.bulk.local import Outcome, Report
    from serinus.bulk.plan import Plan

INTERRUPTED = 130


def score(
    file: Annotated[Path, typer.Argument(help="The rows: .parquet, .csv, .jsonl; .csv.gz, .jsonl.gz.")],
    *,
    service: ServiceOption,
    out: Annotated[Path, typer.Option(help="The folder to write to: new, or of the same job.")],
    model: Annotated[str, typer.Option(help="A model of the service, auto or ensemble.")] = "auto",
    output: Annotated[Literal["parquet", "csv", "jsonl"], typer.Option("--format", help="What to write.")] = "parquet",
    models: ModelsOption = Path("models"),
    ids: Annotated[
        list[str] | None,
        typer.Option("--id", help="A column to keep with the predictions; without it, all that are no features."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Threads that score.")] = os.cpu_count() or 1,
    plan_only: Annotated[bool, typer.Option("--plan", help="Say what would be done, and write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Score every row of a file: predictions in order, bad rows set aside, nothing lost.

    Killed or interrupted, it continues when it is run again. The output is complete once _SUCCESS.json is there.

    Try: serinus score curves.parquet --service kepler --model ensemble --out scored
    """
    from serinus import service as services
    from serinus.bulk import local
    from serinus.bulk.plan import Request, plan
    from serinus.bulk.scorer import load

    planned = plan(Request(file, output, tuple(ids or ())), load(services.load(services.find(service)), models, model))
    if plan_only:
        show(described(planned, out), as_json=as_json, title="Would score")
        return
    started = time.perf_counter()
    try:
        with progress_bar(file.name) as report:
            outcome = local.run(planned, out, workers=workers, report=report)
    except KeyboardInterrupt:
        typer.echo("stopped; what is done is kept: run the same command again to continue", err=True)
        raise typer.Exit(INTERRUPTED) from None
    finished_before = outcome.rows_kept == outcome.manifest.rows_in > 0
    show(
        summary(planned, outcome, out, seconds=time.perf_counter() - started),
        as_json=as_json,
        title="Finished before: nothing was left to do" if finished_before else "Scored",
    )


def described(planned: "Plan", out: Path) -> dict[str, object]:
    from serinus.bulk.columns import VECTOR
    from serinus.errors import listed

    columns, scorer = planned.columns, planned.scorer
    features = f"{columns.width} in {VECTOR!r}" if columns.as_vector else f"{columns.width}: {listed(columns.features)}"
    return {
        "file": str(planned.path),
        "format": planned.source.format,
        "rows": planned.source.count(),
        "chunks": sum(1 for _ in planned.source.chunks(planned.reading(out, workers=1))),
        "features": features,
        "words": list(scorer.schema.categories),
        "missing_texts": sorted(planned.form.missing) if planned.form else None,
        "ids": list(columns.ids),
        "left_out": list(columns.left_out) or None,
        "model": scorer.model,
        "version": scorer.version,
        "digests": scorer.digests,
        "missing_values": scorer.nan_policy,
        "max_bad_rate": planned.max_bad_rate,
        "out": str(out),
        "output_format": planned.format,
        "job": planned.job,
    }


def summary(planned: "Plan", outcome: "Outcome", out: Path, *, seconds: float) -> dict[str, object]:
    manifest = outcome.manifest
    fresh = manifest.rows_in - outcome.rows_kept
    return {
        "out": str(out),
        "rows": manifest.rows_in,
        "rows_ok": manifest.rows_ok,
        "rows_bad": manifest.rows_bad,
        "rows_done_before": outcome.rows_kept,
        "rows_per_second": round(fresh / seconds) if fresh else None,
        "seconds": round(seconds, 2),
        "model": manifest.model,
        "model_version": manifest.model_version,
        "quarantine": str(out / "quarantine") if manifest.rows_bad else None,
        "left_out": list(planned.columns.left_out) or None,
        "job": manifest.job,
    }


def show(facts: dict[str, object], *, as_json: bool, title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    if as_json:
        print(json.dumps(facts))
        return
    table = Table(title=title, show_header=False)
    table.add_column()
    table.add_column(overflow="fold")  # a digest is of use only whole
    for name, fact in facts.items():
        if fact is not None:
            table.add_row(name.replace("_", " "), _text(fact))
    Console().print(table)


@contextmanager
def progress_bar(name: str) -> "Iterator[Report]":
    """Shows on standard error how far a job is, how fast it goes and how long it still takes."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from serinus.bulk.local import Progress as Done

    columns = (TextColumn(name), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[speed]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task, started = bar.add_task(name, total=1.0, speed=""), time.perf_counter()

        def report(done: Done) -> None:
            per_second = done.rows / (time.perf_counter() - started)
            bad = f", {done.rows_bad:,} bad" if done.rows_bad else ""
            bar.update(task, completed=done.share, speed=f"{done.rows:,} rows{bad}, {per_second:,.0f} rows/s")

        yield report


def _text(fact: object) -> str:
    if isinstance(fact, dict):
        return "\n".join(f"{name} {value}" for name, value in fact.items())
    if isinstance(fact, list):
        return ", ".join(map(str, fact)) or "none"
    return f"{fact:,}" if isinstance(fact, int | float) else str(fact)
