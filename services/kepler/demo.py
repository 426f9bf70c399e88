"""The whole product on one machine: train, export, verify, serve, score, and a report to look at.

    python -m services.kepler.demo [--data FILE.npz]

Everything goes to demo/; every step is a command you can run yourself, and is printed as one.
"""

import json
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from serinus import service as services
from serinus.errors import SerinusError
from services.kepler import report
from services.kepler.ask import SERVICE, body, invoke, lambda_runtime, local_server, must_agree, post
from services.kepler.curve_files import write_parquet
from services.kepler.light_curves import LABELS, LightCurves, load
from services.kepler.report import Answer, Findings, Latencies, Scored
from services.kepler.simulator import blocks, simulate

HERE = Path("demo")
MODELS = HERE / "models"
ORIGINALS = HERE / "originals"
BULK_CURVES = 100_000
SEED = 7  # of curves that no model was trained on
CALLS = 400
console = Console(highlight=False)


@dataclass(frozen=True)
class Material:
    """curves: to look at, one of each class at least; file: to score in bulk."""

    curves: LightCurves
    file: Path


def main(
    data: Annotated[Path | None, typer.Option(help="Real folded curves instead of simulated ones (.npz).")] = None,
) -> None:
    """Train, export, verify, serve and score; then open demo/report.html."""
    started = time.perf_counter()
    HERE.mkdir(exist_ok=True)
    try:
        findings = _findings(data)
    except SerinusError as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
    page = HERE / "report.html"
    page.write_text(report.html(findings))
    _say_goodbye(page, time.perf_counter() - started)


def _findings(data: Path | None) -> Findings:
    _step("1", "train three models, save them in their own formats, prove their exports equal")
    _run("services.kepler.train", "--out", MODELS, "--originals", ORIGINALS, "--replace", *_data_option(data))
    _step("2", "verify the bundles without any training library")
    for folder in services.load(services.find(SERVICE)).bundles(MODELS).values():
        _run("serinus.cli", "verify", folder)
    material = _material(data)
    _step("3", "ask the real Lambda runtime and the local server for one curve of each class")
    answers, latencies = _online(material.curves)
    _step("4", f"score {material.file} in bulk")
    scored = _bulk(material)
    evaluation = json.loads((ORIGINALS / "evaluation.json").read_text())
    return Findings(str(data or "simulated curves"), evaluation, answers, latencies, scored)


def _material(data: Path | None) -> Material:
    if data is not None:
        curves = load(data)
        file = HERE / f"{data.stem}.parquet"
        write_parquet(file, [curves], rows=len(curves), console=console)
        return Material(curves, file)
    file = HERE / f"curves-{BULK_CURVES}.parquet"
    if not file.exists():
        write_parquet(file, blocks(BULK_CURVES, seed=SEED), rows=BULK_CURVES, console=console)
    return Material(simulate(1_000, seed=SEED), file)


def _online(curves: LightCurves) -> tuple[list[Answer], Latencies]:
    """One curve of each class through Lambda and the server, which must agree; then many, to time them."""
    picked = {label: _typical(curves, number) for number, label in enumerate(LABELS)}
    bodies = {label: body(curves.flux[row]) for label, row in picked.items()}
    with lambda_runtime(MODELS) as runtime, local_server(MODELS, HERE / "server.log", console) as connection:
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


def _bulk(material: Material) -> Scored:
    out = HERE / "scored"
    shutil.rmtree(out, ignore_errors=True)
    options = ["--service", SERVICE, "--models", str(MODELS), "--out", str(out), "--json"]
    result = json.loads(_run("serinus.cli", "score", material.file, *options, capture=True))
    console.print(f"{result['rows']:,} curves in {result['seconds']:.1f} s: {result['rows_per_second']:,.0f} a second")
    return Scored.read(out, result)


def _run(module: str, *arguments: object, capture: bool = False) -> str:
    words = [str(argument) for argument in arguments]
    shown = "serinus" if module == "serinus.cli" else f"python -m {module}"
    console.print(f"[dim]$ {shown} {shlex.join(words)}[/dim]")
    done = subprocess.run(
        [sys.executable, "-m", module, *words], check=False, text=True, stdout=subprocess.PIPE if capture else None
    )
    if done.returncode:
        raise SerinusError(f"{shown} {words[0]} failed with exit code {done.returncode}")
    return done.stdout or ""


def _data_option(data: Path | None) -> list[object]:
    return [] if data is None else ["--data", data]


def _step(number: str, what: str) -> None:
    console.rule(f"[bold]{number}. {what}", align="left")


def _say_goodbye(page: Path, seconds: float) -> None:
    console.rule(f"[bold]done in {seconds:.0f} s", align="left")
    console.print(f"Look at {page}: curves, confusion matrices, latencies and bulk throughput, in one file.")
    console.print("Next:")
    console.print(f"  .venv/bin/serinus serve {SERVICE} --models {MODELS}      then open http://127.0.0.1:8000/docs")
    console.print(f"  .venv/bin/serinus score FILE --service {SERVICE} --models {MODELS} --out scored")
    console.print("  .venv/bin/serinus export --help      to export a model of your own")


if __name__ == "__main__":
    typer.run(main)
