"""Patient risk from end to end on one machine: train, calibrate, export, look features up, serve, score; a report.

    python -m services.iit.demo [--out demo/iit]

Every step is a command you can run yourself, and is printed as one. All patients are made up.
"""

import json
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import typer
from matplotlib.figure import Figure

from serinus import service as services
from serinus.errors import SerinusError
from services.demo import page
from services.demo.commands import console, has_learnt, note_learnt, run, sources_of, step
from services.demo.redis_server import address, is_installed, running_redis
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
from services.iit.patient_files import FEATURES, VISITS
from services.iit.simulator import simulate

SERVICE = "iit"
CALLS = 400
BULK_VISITS, SEED = 50_000, 7  # of patients that the model was not trained on
SAID = ("patient_id", "visit_date", "days_dispensed", "weight_kg", "who_stage", "tb_symptoms")
SPOILT = {10: ("days_dispensed", 0), 20_000: ("age_years", 230), 40_000: ("distance_km", -5.0)}


@dataclass(frozen=True)
class Place:
    """out: the folder that everything goes to; service: a name or a service.toml; key: for the API."""

    out: Path
    service: str
    key: str

    @property
    def models(self) -> Path:
        return self.out / "models"

    @property
    def headers(self) -> Mapping[str, str]:
        return {"X-API-Key": self.key}


def main(out: Annotated[Path, typer.Option(help="The folder that everything goes to.")] = Path("demo/iit")) -> None:
    """Train, calibrate, export, push features, serve and score; then open report.html in the folder."""
    started = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    place = Place(out, _service(out), secrets.token_urlsafe(32))
    os.environ.update(SERINUS_API_KEY=place.key, SERINUS_AUDIT_KEY=secrets.token_urlsafe(48))
    os.environ["SERINUS_AUDIT_LOG"] = str((out / "audit.jsonl").resolve())
    report = out / "report.html"
    try:
        with running_redis() if is_installed() else nullcontext() as port:
            os.environ["SERINUS_FEATURES_ADDRESS"] = address(port) if port else str((out / "features").resolve())
            report.write_text(_report(place))
    except SerinusError as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
    console.rule(f"[bold]done in {time.perf_counter() - started:.0f} s", align="left")
    console.print(f"Look at {report}: how good the risk is, what is answered, what is kept of it, and a file in bulk.")


def _service(out: Path) -> str:
    """The service; where there is no Redis, a copy of it that keeps features in a Parquet file."""
    if is_installed():
        return SERVICE
    console.print("[yellow]no redis-server on the path: features are kept in a Parquet file instead[/yellow]")
    copy = out / "service.toml"
    text = services.find(SERVICE).read_text().replace('store = "redis"', 'store = "parquet"')
    copy.write_text(text.replace('address = "redis://127.0.0.1:6379/0"', 'address = "features"'))
    return str(copy)


def _report(place: Place) -> str:
    step(1, "train a risk, calibrate it, prove its export equal")
    _train(place)
    step(2, "verify the bundle without any training library")
    for folder in services.load(services.find(place.service)).bundles(place.models).values():
        run("serinus.cli", "verify", folder)
    step(3, "push the patients' features to the store, and look for what is wrong with them")
    run("serinus.cli", "features", "init", "--service", place.service)
    run("serinus.cli", "features", "push", place.out / "originals" / FEATURES, "--service", place.service)
    run("serinus.cli", "features", "check", "--service", place.service)
    step(4, "ask the local server, and the real Lambda runtime the same")
    answers, latencies = _online(place)
    step(5, "score a file in bulk, three rows of it bad")
    file = place.out / "visits.csv"
    _write_visits(file)
    job = bulk(place.service, file, "auto", place.models, place.out / "scored")
    remark = f"{BULK_VISITS:,} visits of patients the model has not seen, {len(SPOILT)} of them made bad on purpose."
    sections = [
        _model(json.loads((place.out / "originals" / "evaluation.json").read_text())),
        answers_section(answers),
        _audit(place.out / "audit.jsonl"),
        latencies_section(latencies),
        job_section(job, remark) + _seen(job),
    ]
    return page.page(SERVICE, "simulated patients", "make demo SERVICE=iit", sections)


def _train(place: Place) -> None:
    note, sources = place.out / "learnt-from", sources_of(SERVICE)
    if has_learnt(note, sources):
        console.print(f"the same code has already learnt; remove {place.out} to start over")
        return
    note.unlink(missing_ok=True)
    run("services.iit.train", "--out", place.models, "--originals", place.out / "originals", "--replace")
    note_learnt(note, sources)


def _online(place: Place) -> tuple[list[Answer], dict[str, list[float]]]:
    visits = [_said(visit) for visit in arrow_csv.read_csv(place.out / "originals" / VISITS).to_pylist()[:CALLS]]
    with local_server(place.service, place.models, place.out / "server.log", place.headers) as connection:
        answers = [ask(connection, question, expected=status) for status, question in _questions(visits, place)]
        with lambda_runtime(place.service, place.models, dict(os.environ)) as runtime:
            bodies = [json.dumps(visit) for visit in visits]
            if invoke(runtime, bodies[0])["prediction"] != answers[0].said["prediction"]:
                raise SerinusError(f"the server and Lambda disagree: {answers[0].said}, {invoke(runtime, bodies[0])}")
            latencies = {
                "Lambda runtime": timed(lambda body: invoke(runtime, body), bodies),
                "local server": timed(lambda body: _post(connection, body, place.headers), bodies),
            }
    show_latencies(latencies)
    return answers, latencies


def _questions(visits: list[Json], place: Place) -> list[tuple[int, Question]]:
    one, path = visits[0], "/api/v1/predict"
    batch = {"patients": visits[:2]}
    return [
        (200, Question("One visit", path, one, headers=place.headers)),
        (200, Question("Two visits", f"{path}/batch", batch, headers=place.headers)),
        (404, Question("A patient nobody knows", path, {**one, "patient_id": "IIT-999999"}, headers=place.headers)),
        (422, Question("Bad input names the field, not the value", path, {**one, "weight_kg": 1e6},
                       headers=place.headers)),
        (401, Question("Without a key", path, one)),
    ]  # fmt: skip


def _said(visit: Mapping[str, Any]) -> Json:
    """What the clinic sends, as JSON has it."""
    values = {name: visit[name] for name in SAID if visit[name] is not None}
    texts = {"visit_date": str(values["visit_date"]), "patient_id": str(values["patient_id"])}
    stage = {"who_stage": str(values["who_stage"])} if "who_stage" in values else {}
    return {**values, **texts, **stage}


def _post(connection: HTTPConnection, body: str, headers: Mapping[str, str]) -> None:
    connection.request("POST", "/api/v1/predict", body, {"content-type": "application/json", **headers})
    connection.getresponse().read()


def _write_visits(file: Path) -> None:
    """Visits with all that is known of the patients, and what followed; some made bad."""
    cohort = simulate(BULK_VISITS, seed=SEED)
    table = cohort.visits
    for row, (name, value) in SPOILT.items():
        cells = table[name].to_pylist()
        cells[row] = value
        table = table.set_column(table.column_names.index(name), name, pa.array(cells, table[name].type))
    arrow_csv.write_csv(table.append_column("interrupted", pa.array(cohort.interrupted)), file)


def _model(evaluation: Json) -> str:
    rows = [[name, value, evaluation["before_calibration"][name]] for name, value in evaluation["performance"].items()]
    bands = [[word, *of.values()] for word, of in evaluation["bands"].items()]
    figure = Figure(figsize=(5, 4.5), layout="constrained")
    axis = figure.subplots()
    said, seen = ([one[name] for one in evaluation["reliability"]] for name in ("predicted", "observed"))
    axis.plot([0, 1], [0, 1], color=page.SOFT, linewidth=1)
    axis.plot(said, seen, "o-", color=page.COLOURS[0])
    axis.set(xlabel="risk that was said", ylabel="share that was interrupted", xlim=(0, 1), ylim=(0, 1))
    page.bare(axis)
    return (
        "<h2>A calibrated risk, exported equal to the original</h2><p>Judged by visits that were held out; each dot is "
        "a tenth of them.</p>"
        + page.table(["", "calibrated", "before"], rows)
        + page.svg(figure)
        + page.table(["band", *next(iter(evaluation["bands"].values()))], bands)
    )


def _audit(log: Path) -> str:
    records = [json.loads(line) for line in log.read_text().splitlines()[:2]]
    return (
        "<h2>What is kept of a prediction</h2><p>Who asked, when, which model, what was answered; the patient only as "
        "a keyed hash, and no feature.</p>" + page.code("\n".join(json.dumps(record, indent=2) for record in records))
    )


def _seen(job: Job) -> str:
    parts = [pq.read_table(part) for part in sorted(job.out.glob("predictions/*"))]
    table = pa.concat_tables(parts)
    risk, happened = table["p_INTERRUPTED"].to_numpy(), np.array(table["interrupted"].to_pylist()) == "true"
    figure = Figure(figsize=(10, 3), layout="constrained")
    axis = figure.subplots()
    bins = np.linspace(0, 1, 51).tolist()
    axis.hist([risk[~happened], risk[happened]], bins=bins, stacked=True, label=["retained", "interrupted"],
              color=page.COLOURS[:2])  # fmt: skip
    axis.set_xlabel("risk that was said")
    axis.set_ylabel("visits")
    axis.legend(frameon=False)
    page.bare(axis)
    return page.svg(figure)


if __name__ == "__main__":
    typer.run(main)
