"""Compare servers fairly on a machine that is not quiet: all of them running, one under load at a time, in turns."""

import json
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from statistics import median
from typing import Any

from benchmarks.baselines.servers import CLIENT, Server, pinned
from benchmarks.load import drive, post

ROUNDS = 3
WARM_S = 0.5
AGREEMENT = 1e-4  # of the confidences: preprocessing by hand is in float64


@dataclass(frozen=True)
class Run:
    """One server under load. cpu_us and client_us: processor time of the server, and of the client, per answer."""

    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_us: float
    client_us: float


class Disagreement(Exception):
    """Servers of one model answered the same request differently: there is nothing to compare."""


@dataclass(frozen=True)
class Question:
    """What is asked of each server: `bodies` in turn, with `headers` besides the content type."""

    path: str
    bodies: Sequence[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)


def check_agreement(servers: Sequence[Server], question: Question) -> None:
    """The same class from every server, and the same confidence, to each body."""
    for body in question.bodies:
        _check_one(servers, question, body)


def _check_one(servers: Sequence[Server], question: Question, body: bytes) -> None:
    answers = {server.name: _answer(server, question, body) for server in servers}
    first, *others = answers.values()
    for other in others:
        if first[0] != other[0] or abs(first[1] - other[1]) > AGREEMENT:
            raise Disagreement(f"expected one answer from all servers, got {answers}")


def in_turns(
    servers: Sequence[Server], question: Question, *, connections: int, seconds: float
) -> dict[str, list[Run]]:
    """The runs of each server, ROUNDS of them; one server after the other in every round."""
    requests = [post(question.path, body, question.headers) for body in question.bodies]
    runs: dict[str, list[Run]] = {server.name: [] for server in servers}
    for server in servers:
        _run(server, requests, connections=connections, seconds=WARM_S)
    for _ in range(ROUNDS):
        for server in servers:
            runs[server.name].append(_run(server, requests, connections=connections, seconds=seconds))
    return runs


def medians(runs: Sequence[Run]) -> dict[str, float]:
    return {of.name: round(median(getattr(run, of.name) for run in runs), 4) for of in fields(Run)}


def ratio(ours: Sequence[Run], theirs: Sequence[Run]) -> dict[str, float]:
    """How many times theirs: requests/s, and answers per second of processor; the median of the rounds' own ratios."""
    pairs = list(zip(ours, theirs, strict=True))
    return {
        "per_second": round(median(our.per_second / their.per_second for our, their in pairs), 2),
        "per_cpu_second": round(median(their.cpu_us / our.cpu_us for our, their in pairs), 2),
    }


def _run(server: Server, requests: Sequence[bytes], *, connections: int, seconds: float) -> Run:
    with pinned(CLIENT):
        before = server.cpu_s()
        load = drive(server.address, requests, connections=connections, seconds=seconds)
        cpu_s = server.cpu_s() - before
    p50, p95, p99 = map(load.percentile_ms, (50, 95, 99))
    return Run(load.per_second, p50, p95, p99, cpu_s / load.answers * 1e6, load.cpu_s / load.answers * 1e6)


def _answer(server: Server, question: Question, body: bytes) -> tuple[str, float]:
    host, port = server.address
    headers = {"content-type": "application/json", **question.headers}
    request = urllib.request.Request(f"http://{host}:{port}{question.path}", body, headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        answer: Mapping[str, Any] = json.load(response)
    prediction = answer.get("prediction", answer)
    return prediction["class"], prediction["confidence"]
