"""What a demo of a service of records shows: questions and answers, how long they take, and a bulk job."""

import json
import shlex
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich.table import Table

from serinus.errors import SerinusError
from services.demo import page
from services.demo.commands import console, run
from services.demo.server import Json

SHOWN = 1_600  # characters of an answer


@dataclass(frozen=True)
class Question:
    """What is asked over HTTP, as one would type it."""

    title: str
    path: str
    body: Any = None
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def curl(self) -> str:
        headers = {**({"Content-Type": "application/json"} if self.body is not None else {}), **self.headers}
        options = " ".join(f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items())
        body = f" -d {shlex.quote(json.dumps(self.body))}" if self.body is not None else ""
        post = "-X POST " if self.method == "POST" else ""
        return f"curl {post}http://127.0.0.1:8000{self.path} {options}{body}".rstrip()


@dataclass(frozen=True)
class Answer:
    question: Question
    status: int
    said: Json

    @property
    def shown(self) -> str:
        text = json.dumps(self.said, indent=2)
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}\n..."


def ask(connection: HTTPConnection, question: Question, *, expected: int = 200) -> Answer:
    """SerinusError when the answer is another than `expected`."""
    body = None if question.body is None else json.dumps(question.body)
    connection.request(question.method, question.path, body, {"content-type": "application/json", **question.headers})
    response = connection.getresponse()
    answer = Answer(question, response.status, json.loads(response.read()))
    if answer.status != expected:
        raise SerinusError(f"{question.title}: expected status {expected}, got {answer.status}: {answer.said}")
    console.print(f"[bold]{question.title}[/bold]: {answer.status}")
    return answer


def timed(call: Callable[[Any], object], asked: Sequence[Any]) -> list[float]:
    """How many ms each call takes, one after the other."""
    times = []
    for one in asked:
        begin = time.perf_counter()
        call(one)
        times.append((time.perf_counter() - begin) * 1000)
    return times


def show_latencies(latencies: Mapping[str, Sequence[float]]) -> None:
    count = len(next(iter(latencies.values())))
    table = Table("", "p50", "p95", "p99", title=f"{count} predictions one after the other, ms")
    for name, times in latencies.items():
        table.add_row(name, *(f"{np.percentile(times, share):.2f}" for share in (50, 95, 99)))
    console.print(table)


@dataclass(frozen=True)
class Job:
    """A bulk job: what it says of itself, and where its output lies."""

    result: Json
    out: Path


def bulk(service: str, file: Path, model: str, models: Path, out: Path) -> Job:
    shutil.rmtree(out, ignore_errors=True)
    options = ["--service", service, "--model", model, "--models", str(models), "--out", str(out), "--json"]
    result = json.loads(run("serinus.cli", "score", file, *options, capture=True))
    console.print(
        f"{result['rows']:,} rows in {result['seconds']:.1f} s ({result['rows_per_second']:,} a second): "
        f"{result['rows_ok']:,} answered, {result['rows_bad']:,} in quarantine, each with its reason"
    )
    return Job(result, out)


def answers_section(answers: Sequence[Answer]) -> str:
    parts = [
        f"<h3>{answer.question.title}</h3>{page.code(answer.question.curl)}"
        f"<p class=soft>status {answer.status}</p>{page.code(answer.shown)}"
        for answer in answers
    ]
    return "<h2>Questions and answers</h2>" + "".join(parts)


def latencies_section(latencies: Mapping[str, Sequence[float]]) -> str:
    figure = Figure(figsize=(10, 3), layout="constrained")
    axis = figure.subplots()
    highest = max(float(np.percentile(times, 99)) for times in latencies.values())
    for colour, (name, times) in zip(page.COLOURS, latencies.items(), strict=False):
        axis.hist(times, bins=np.linspace(0, highest, 60).tolist(), alpha=0.7, label=name, color=colour)
    axis.set_xlabel("milliseconds from request to answer")
    axis.set_ylabel("predictions")
    axis.legend(frameon=False)
    page.bare(axis)
    rows = [
        [name, *(f"{np.percentile(times, share):.2f}" for share in (50, 95, 99))] for name, times in latencies.items()
    ]
    return (
        "<h2>Latency</h2><p>One prediction after the other, on this machine, stored features included.</p>"
        f"{page.svg(figure)}{page.table(['ms', 'p50', 'p95', 'p99'], rows)}"
    )


def job_section(job: Job, remark: str) -> str:
    names = {"rows": "rows in", "rows_ok": "answered", "rows_bad": "in quarantine", "rows_per_second": "rows a second"}
    rows = [[called, f"{job.result[name]:,}"] for name, called in names.items()]
    return f"<h2>Bulk</h2><p>{remark}</p>{page.table(['', job.result['model']], rows)}"
