"""The whole product on one machine: train, export, verify, serve, score, and a report to look at.

    python -m services.kepler.demo [--data FILE.npz] [--out demo]

Every step is a command you can run yourself, and is printed as one.
"""

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from serinus import service as services
from serinus.errors import SerinusError
from services.demo.commands import console, has_learnt, note_learnt, run, sources_of, step
from services.demo.server import invoke, lambda_runtime, local_server
from services.kepler import report
from services.kepler.ask import body, must_agree, post
from services.kepler.curve_files import write_parquet
from services.kepler.light_curves import LABELS, LightCurves, load
from services.kepler.report import Answer, Findings, Latencies, Scored
from services.kepler.simulator import blocks, simulate

SERVICE = "kepler"
BULK_CURVES = 100_000
SEED = 7  # of curves that no model was trained on
CALLS = 400


@dataclass(frozen=True)
class Place:
    """The folder that everything goes to."""

    home: Path

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def originals(self) -> Path:
        return self.home / "originals"

    @property
    def learnt_from(self) -> Path:
        return self.home / "learnt-from"


@dataclass(frozen=True)
class Material:
    """curves: to look at, some of each class; file: to score in bulk."""

    curves: LightCurves
    file: Path


def main(
    data: Annotated[Path | None, typer.Option(help="Real folded curves instead of simulated ones (.npz).")] = None,
    out: Annotated[Path, typer.Option(help="The folder that everything goes to.")] = Path("demo"),
) -> None:
    """Train, export, verify, serve and score; then open report.html in the folder."""
    started = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    try:
        findings = _findings(data, Place(out))
    except SerinusError as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
    page = out / "report.html"
    page.write_text(report.html(findings))
    _say_goodbye(page, Place(out), time.perf_counter() - started)


def _findings(data: Path | None, place: Place) -> Findings:
    step(1, "train three models, save them in their own formats, prove their exports equal")
    _train(data, place)
    step(2, "verify the bundles without any training library")
    for folder in services.load(services.find(SERVICE)).bundles(place.models).values():
        run("serinus.cli", "verify", folder)
    material = _material(data, place)
    step(3, "ask the real Lambda runtime and the local server for one curve of each class")
    answers, latencies = _online(material.curves, place)
    step(4, f"score {material.file} in bulk")
    scored = [_bulk(material, model, place) for model in answers[0].individual]
    evaluation = json.loads((place.originals / "evaluation.json").read_text())
    return Findings(str(data or "simulated curves"), data is not None, evaluation, answers, latencies, scored)


def _train(data: Path | None, place: Place) -> None:
    """Train, unless these very sources have already learnt from this very file."""
    sources = sources_of(SERVICE, *([data] if data else []))
    if has_learnt(place.learnt_from, sources):
        console.print(f"the same code has already learnt from the same curves; remove {place.home} to start over")
        return
    place.learnt_from.unlink(missing_ok=True)
    option = ["--data", data] if data else []
    run("services.kepler.train", "--out", place.models, "--originals", place.originals, "--replace", *option)
    note_learnt(place.learnt_from, sources)


def _material(data: Path | None, place: Place) -> Material:
    if data is not None:
        curves = load(data)
        file = place.home / f"{data.stem}.parquet"
        write_parquet(file, [curves], rows=len(curves), console=console)
        return Material(curves, file)
    file = place.home / f"curves-{BULK_CURVES}.parquet"
    if not file.exists():
        write_parquet(file, blocks(BULK_CURVES, seed=SEED), rows=BULK_CURVES, console=console)
    return Material(simulate(1_000, seed=SEED), file)


def _online(curves: LightCurves, place: Place) -> tuple[list[Answer], Latencies]:
    """One curve of each class through Lambda and the server, which must agree; then many, to time them."""
    picked = {label: _typical(curves, number) for number, label in enumerate(LABELS)}
    log = place.home / "server.log"
    bodies = {label: body(curves.flux[row]) for label, row in picked.items()}
    with lambda_runtime(SERVICE, place.models) as runtime, local_server(SERVICE, place.models, log) as connection:
        answers = []
        for label, row in picked.items():
            said = invoke(runtime, bodies[label])
            must_agree(said, post(connection, bodies[label]))
            answers.append(Answer(label, curves.flux[row], int(curves.kepid[row]), said))
        _show(answers)
        plain = [body(flux, every_model=False) for flux in curves.flux[:CALLS]]
        latencies = Latencies(
            runtime_ms=[_timed(invoke, runtime, body) for body in plain],
            server_ms=[_timed(post, connection, body) for body in plain],
        )
    table = Table("", "p50", "p95", "p99", title=f"{CALLS} predictions one after the other, ms")
    for name, times in (("Lambda runtime", latencies.runtime_ms), ("local server", latencies.server_ms)):
        table.add_row(name, *(f"{np.percentile(times, share):.2f}" for share in (50, 95, 99)))
    console.print(table)
    return answers, latencies


def _typical(curves: LightCurves, number: int) -> int:
    """Which curve of its class has the median depth: neither the clearest nor the most hopeless."""
    rows = np.flatnonzero(curves.labels == number)
    depths = np.nanmin(curves.flux[rows], axis=1)
    return int(rows[np.argsort(depths)[len(rows) // 2]])


def _timed(call: Any, *arguments: Any) -> float:
    begin = time.perf_counter()
    call(*arguments)
    return (time.perf_counter() - begin) * 1000


def _show(answers: list[Answer]) -> None:
    table = Table("the curve is", "ensemble says", *answers[0].individual, "agreement", title="One curve of each class")
    for answer in answers:
        each = (f"{one['class_name']} {one['confidence']:.0%}" for one in answer.individual.values())
        vote = answer.said["ensemble_prediction"]
        shares = f"{answer.said['agreement_score']:.0%}"
        table.add_row(answer.label, f"{vote['class_name']} {vote['confidence']:.0%}", *each, shares)
    console.print(table)


def _bulk(material: Material, model: str, place: Place) -> Scored:
    out = place.home / "scored" / model
    shutil.rmtree(out, ignore_errors=True)
    options = ["--service", SERVICE, "--model", model, "--models", str(place.models), "--out", str(out), "--json"]
    result = json.loads(run("serinus.cli", "score", material.file, *options, capture=True))
    rate = f"{result['rows_per_second']:,} a second"
    console.print(f"{result['rows']:,} curves in {result['seconds']:.1f} s: {rate}")
    return Scored.read(out, result)


def _say_goodbye(page: Path, place: Place, seconds: float) -> None:
    console.rule(f"[bold]done in {seconds:.0f} s", align="left")
    console.print(f"Look at {page}: curves, confusion matrices, latencies and bulk throughput, in one file.")
    console.print("Next:")
    console.print(
        f"  .venv/bin/serinus serve {SERVICE} --models {place.models}      then open http://127.0.0.1:8000/docs"
    )
    console.print(f"  .venv/bin/serinus score FILE --service {SERVICE} --models {place.models} --out scored")
    console.print("  .venv/bin/serinus export --help      to export a model of your own")


if __name__ == "__main__":
    typer.run(main)
