"""Crop yields from end to end on one machine: train, export, look features up, serve, score; and a report.

    python -m services.nuru.demo [--out demo/nuru]

Every step is a command you can run yourself, and is printed as one.
"""

import json
import os
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import typer
from matplotlib.figure import Figure
from numpy.typing import NDArray

from serinus import service as services
from serinus.errors import SerinusError
from services.demo import page
from services.demo.commands import console, has_learnt, note_learnt, run, sources_of, step
from services.demo.server import Json, invoke, lambda_runtime, local_server
from services.demo.story import (
    Answer,
    Job,
    Question,
    answers_section,
    ask,
    bulk,
    job_section,
    latencies_section,
    show_latencies,
    timed,
)
from services.nuru import plots, simulator
from services.nuru.simulator import TARGET, Columns

SERVICE = "nuru"
CALLS = 400
HARVESTS, SEED = 50_000, 7  # of plots that no model was trained on
PLOT: Json = {
    "plot_id": 1,
    "latitude": -0.499127,
    "longitude": 37.612253,
    "planting_date": "2021-10-07",
    "season": "Short Rains",
}
OTHER: Json = {**PLOT, "plot_id": 2, "latitude": -0.501234, "longitude": 37.614567, "planting_date": "2021-10-10"}
BAD: dict[int, dict[str, Any]] = {100: {"latitude": 91.0}, 5_000: {"season": "Monsoon"}, 49_000: {"altitude": -9999.0}}
QUESTIONS = (
    Question("One plot", "/predict", {**PLOT, "altitude": 1252.08, "model_name": "ensemble"}),
    Question("Two plots", "/predict/batch", {"plots": [PLOT, OTHER], "model_name": "ensemble"}),
    Question("What every model says", "/predict", {**PLOT, "return_all_models": True}),
    Question("Reload the models", "/models/reload"),
    Question("Health", "/health", method="GET"),
)
REFUSED = Question("A latitude that is none", "/predict", {**PLOT, "latitude": 91})
NOBODY = Question("A plot nobody knows", "/predict", {**PLOT, "plot_id": 999_999_999})


def main(out: Annotated[Path, typer.Option(help="The folder that everything goes to.")] = Path("demo/nuru")) -> None:
    """Train, export, verify, look features up, serve and score; then open report.html in the folder."""
    started = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    os.environ["SERINUS_FEATURES_ADDRESS"] = str((out / "features").resolve())
    try:
        report = out / "report.html"
        report.write_text(_report(out))
    except SerinusError as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
    console.rule(f"[bold]done in {time.perf_counter() - started:.0f} s", align="left")
    console.print(f"Look at {report}: five models, what they answer, how fast, and what came of a file in bulk.")
    console.print("Next:")
    console.print(f"  export SERINUS_FEATURES_ADDRESS={out / 'features'}")
    console.print(f"  .venv/bin/serinus serve {SERVICE} --models {out / 'models'}    then: {QUESTIONS[0].curl}")


def _report(out: Path) -> str:
    models = out / "models"
    step(1, "train four regressors and their vote, prove their exports equal, store features of plots")
    _train(out)
    step(2, "verify the bundles without any training library")
    for folder in services.load(services.find(SERVICE)).bundles(models).values():
        run("serinus.cli", "verify", folder)
    step(3, "look at the features in store")
    run("serinus.cli", "features", "get", 1, "--service", SERVICE)
    step(4, "ask the local server what the owners' documents ask, and the real Lambda runtime the same")
    answers, latencies = _online(out)
    step(5, "score a file in bulk, three rows of it bad")
    file = out / "harvests.csv"
    truth = _write_harvests(file)
    job = bulk(SERVICE, file, "ensemble", models, out / "scored")
    evaluation = json.loads((out / "originals" / "evaluation.json").read_text())
    remark = f"{HARVESTS:,} harvests of plots no model has seen, {len(BAD)} of them made bad on purpose."
    sections = [
        _models(evaluation),
        answers_section(answers),
        latencies_section(latencies),
        job_section(job, remark) + _seen(job, truth),
    ]
    return page.page(SERVICE, "simulated maize", "make demo SERVICE=nuru", sections)


def _train(out: Path) -> None:
    note, sources = out / "learnt-from", sources_of(SERVICE)
    if has_learnt(note, sources):
        console.print(f"the same code has already learnt; remove {out} to start over")
        return
    note.unlink(missing_ok=True)
    places = {"--out": out / "models", "--originals": out / "originals", "--features": out / "features"}
    run("services.nuru.train", *(word for pair in places.items() for word in pair), "--replace")
    note_learnt(note, sources)


def _online(out: Path) -> tuple[list[Answer], dict[str, list[float]]]:
    models = out / "models"
    with local_server(SERVICE, models, out / "server.log") as connection:
        answers = [ask(connection, question) for question in QUESTIONS]
        answers += [ask(connection, REFUSED, expected=422), ask(connection, NOBODY, expected=404)]
        with lambda_runtime(SERVICE, models, dict(os.environ)) as runtime:
            _must_agree(answers[0].said, invoke(runtime, json.dumps(QUESTIONS[0].body)))
            bodies = [json.dumps({**PLOT, "plot_id": plot}) for plot in range(1, CALLS + 1)]
            latencies = {
                "Lambda runtime": timed(lambda body: invoke(runtime, body), bodies),
                "local server": timed(lambda body: _post(connection, body), bodies),
            }
    show_latencies(latencies)
    return answers, latencies


def _post(connection: HTTPConnection, body: str) -> None:
    connection.request("POST", "/predict", body, {"content-type": "application/json"})
    connection.getresponse().read()


def _must_agree(one: Json, other: Json) -> None:
    changing = ("timestamp", "request_id")
    ours, theirs = ({name: said for name, said in answer.items() if name not in changing} for answer in (one, other))
    if ours != theirs:
        raise SerinusError(f"the server and Lambda disagree: {ours}, {theirs}")


def _write_harvests(file: Path) -> NDArray[np.float64]:
    """Harvests as a CSV file, some rows bad; what was harvested from the others."""
    columns = simulator.harvests(plots.simulate(HARVESTS, seed=SEED), seasons=1, seed=SEED)
    truth = columns[TARGET].astype(np.float64)
    spoilt: Columns = {name: values.copy() for name, values in columns.items()}
    for row, changes in BAD.items():
        for name, value in changes.items():
            spoilt[name][row] = value
    arrow_csv.write_csv(pa.table({name: _cells(values) for name, values in spoilt.items()}), file)
    return np.delete(truth, list(BAD))


def _cells(values: NDArray[Any]) -> pa.Array:
    return pa.array(values, mask=np.isnan(values) if values.dtype.kind == "f" else None)


def _models(evaluation: Json) -> str:
    figures = next(iter(evaluation.values()))["performance"]
    rows = [
        [name, *(f"{value:,.3f}" for value in report["performance"].values()), f"{report['parity']['rows']:,}",
         f"{report['parity']['max_difference']:.1e}"]
        for name, report in evaluation.items()
    ]  # fmt: skip
    held_out = next(iter(evaluation.values()))["training"].get("validation_samples", 0)
    return (
        "<h2>Five models, exported equal to their originals</h2>"
        f"<p>Judged by {held_out:,} seasons on plots that were held out; rmse, mae and bias in kg/ha. Each export was "
        "compared with the library it was trained in on every row tried.</p>"
        + page.table(["model", *figures, "rows tried", "largest difference"], rows)
    )


def _seen(job: Job, truth: NDArray[np.float64]) -> str:
    """What was predicted against what was harvested."""
    parts = [pq.read_table(part)["prediction"].to_numpy() for part in sorted(job.out.glob("predictions/*"))]
    predicted = np.concatenate(parts)
    figure = Figure(figsize=(6, 5), layout="constrained")
    axis = figure.subplots()
    axis.hexbin(predicted, truth, gridsize=60, bins="log", cmap="Blues", mincnt=1)
    top = float(np.percentile(truth, 99.9))
    axis.plot([0, top], [0, top], color=page.ACCENT, linewidth=1)
    axis.set_xlabel("predicted, kg/ha")
    axis.set_ylabel("harvested, kg/ha")
    page.bare(axis)
    unexplained = ((truth - predicted) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
    return f"<p>R2 {1 - unexplained:.3f} on the rows that were answered.</p>{page.svg(figure)}"


if __name__ == "__main__":
    typer.run(main)
