"""One prediction at a time: our server and our Lambda handler against what one would write by hand.

python -m benchmarks.online [--models models] [--originals originals] [--seconds 5] [--json FILE]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.baselines.lambda_path import predict_event, through_the_runtime
from benchmarks.baselines.rounds import ROUNDS, Question, check_agreement, in_turns, medians, ratio
from benchmarks.baselines.servers import CLIENT, ROOT, SERVER, by_hand, environment, pinned, running, served
from benchmarks.load import drive, post
from benchmarks.table import console, machine, print_machine, print_table, write_json
from serinus import service as services
from serinus.settings import PredictSettings
from services.kepler.simulator import simulate

SERVICE = "kepler"
PATH = "/api/v1/predict"
OURS, NATIVE, ONNX = "serinus serve", "FastAPI + native", "FastAPI + onnxruntime"
FEW, MANY = 1, 16
CURVES = 8
CLIENT_PER_SECOND = 25_000
OF_NATIVE = {"xgboost": 3.0, "random_forest": 40.0, "keras_cnn": 120.0}
OF_ONNX = 2.0
OVERHEAD_MS = 0.30
PACKAGES = ("onnxruntime", "fastapi", "uvicorn", "mangum", "xgboost-cpu", "scikit-learn", "keras", "tensorflow-cpu")

Report = dict[str, Any]


@dataclass(frozen=True)
class Places:
    """models: the bundles; originals: the same models in their own formats; logs: what the servers write."""

    models: Path
    originals: Path
    logs: Path


@dataclass(frozen=True)
class Requirement:
    what: str
    wanted: str
    got: float
    met: bool


def main() -> None:
    options = _options()
    out = console()
    facts = machine(PACKAGES)
    print_machine(out, facts)
    report: Report = {"machine": facts, "seconds": options.seconds, "rounds": ROUNDS}
    with tempfile.TemporaryDirectory(prefix="serinus-online-") as logs:
        places = Places(options.models.resolve(), options.originals.resolve(), Path(logs))
        report |= measured(places, options.seconds, out)
    requirements = judged(report)
    report["requirements"] = [asdict(one) for one in requirements]
    show(out, report, requirements)
    write_json(options.json, report)


def measured(places: Places, seconds: float, out: Console) -> Report:
    file = services.find(SERVICE).resolve()
    service = services.load(file)
    settings = PredictSettings(service=file, models=places.models).as_env()
    curves = complete_curves(CURVES)
    report: Report = {"client_per_second": client_per_second(places.logs, curves), "servers": {}, "lambda": {}}
    for model, folder in service.bundles(places.models).items():
        sent = [json.dumps({"features": curve, "model": model}).encode() for curve in curves]
        with out.status(f"{model}: the servers"):
            report["servers"][model] = compared(model, folder, places, sent, seconds)
        with out.status(f"{model}: on Lambda"):
            report["lambda"][model] = on_lambda(model, sent[0], settings, seconds)
    return report


def complete_curves(count: int) -> list[list[float]]:
    """Simulated curves without an empty bin: the hand-written servers take no null."""
    flux = simulate(count * 16, seed=1).flux
    curves: list[list[float]] = flux[~np.isnan(flux).any(axis=1)][:count].tolist()
    return curves


def client_per_second(logs: Path, curves: Sequence[Sequence[float]]) -> float:
    """What the load client can do: with a server that does nothing but answer."""
    requests = [post(PATH, json.dumps({"features": curve}).encode()) for curve in curves]
    with running("trivial", by_hand("trivial"), logs / "trivial") as server, pinned(CLIENT):
        runs = [drive(server.address, requests[:1], connections=MANY, seconds=1) for _ in range(ROUNDS)]
    return max(run.per_second for run in runs)


def compared(model: str, bundle: Path, places: Places, sent: Sequence[bytes], seconds: float) -> Report:
    """The three servers of one model, at each number of connections."""
    commands = {
        OURS: served(SERVICE, places.models),
        NATIVE: by_hand("native_server", model, str(places.originals)),
        ONNX: by_hand("onnx_server", str(bundle)),
    }
    with ExitStack() as stack:
        servers = [
            stack.enter_context(running(name, command, places.logs / f"{model}-{place}"))
            for place, (name, command) in enumerate(commands.items())
        ]
        question = Question(PATH, sent)
        check_agreement(servers, question)
        runs = {count: in_turns(servers, question, connections=count, seconds=seconds) for count in (FEW, MANY)}
    return {
        str(count): {
            "servers": {name: medians(of) for name, of in by_server.items()},
            "ratios": {name: ratio(by_server[OURS], by_server[name]) for name in (NATIVE, ONNX)},
        }
        for count, by_server in runs.items()
    }


def on_lambda(model: str, body: bytes, settings: Mapping[str, str], seconds: float) -> Report:
    """The handler in a process of its own, and behind the real runtime client."""
    event = predict_event(body)
    command = [sys.executable, "-m", "benchmarks.baselines.lambda_path", model, str(seconds)]
    with pinned(SERVER):
        done = subprocess.run(
            command, input=json.dumps(event), capture_output=True, text=True, cwd=ROOT, env=environment(settings)
        )
    if done.returncode:
        raise RuntimeError(f"{command}: exit status {done.returncode}: {done.stderr[-2000:]}")
    with pinned(CLIENT):
        runtime = through_the_runtime(event, settings, seconds)
    return {**json.loads(done.stdout), "runtime": runtime}


def judged(report: Report) -> list[Requirement]:
    return [
        at_least("load client alone, requests/s", CLIENT_PER_SECOND, report["client_per_second"]),
        *(
            at_least(f"{model}, times {name}", least, of[str(MANY)]["ratios"][name]["per_second"])
            for model, of in report["servers"].items()
            for name, least in ((NATIVE, OF_NATIVE[model]), (ONNX, OF_ONNX))
        ),
        *(
            at_most(f"{model}, Lambda overhead in ms", OVERHEAD_MS, of["overhead_p50_ms"])
            for model, of in report["lambda"].items()
        ),
    ]


def at_least(what: str, wanted: float, got: float) -> Requirement:
    return Requirement(what, f">= {wanted:g}", got, met=got >= wanted)


def at_most(what: str, wanted: float, got: float) -> Requirement:
    return Requirement(what, f"<= {wanted:g}", got, met=got <= wanted)


def show(out: Console, report: Report, requirements: Sequence[Requirement]) -> None:
    columns = ["model", "connections", "server", "requests/s", "p50 ms", "p95 ms", "p99 ms", "CPU µs", "client µs"]
    every = [(model, count, figures) for model, of in report["servers"].items() for count, figures in of.items()]
    rows = [
        [model, count, name, *run.values()]
        for model, count, figures in every
        for name, run in figures["servers"].items()
    ]
    print_table(out, "Servers: medians of the rounds; processor time per answer", columns, rows)
    ratios = [
        [model, count, name, *times.values()]
        for model, count, figures in every
        for name, times in figures["ratios"].items()
    ]
    print_table(out, "Ours, times", ["model", "connections", "server", "requests/s", "per CPU second"], ratios)
    _show_lambda(out, report["lambda"])
    verdicts = [[one.what, one.wanted, one.got, "met" if one.met else "NOT MET"] for one in requirements]
    print_table(out, "Requirements", ["what", "wanted", "got", ""], verdicts)


def _show_lambda(out: Console, report: Report) -> None:
    pieces = next(iter(report.values()))["pieces_p50_ms"]
    columns = ["model", "handler", "bare onnxruntime", "overhead", *pieces]
    rows = [
        [model, of["handler"]["p50_ms"], of["model_p50_ms"], of["overhead_p50_ms"], *of["pieces_p50_ms"].values()]
        for model, of in report.items()
    ]
    print_table(out, "Lambda handler in process: p50 in ms, and where the overhead goes", columns, rows)
    through = [[model, *of["runtime"].values()] for model, of in report.items()]
    print_table(out, "Lambda through awslambdaric", ["model", "p50 ms", "p95 ms", "p99 ms"], through)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.online", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"), help="the bundles")
    parser.add_argument("--originals", type=Path, default=Path("originals"), help="the models in their own formats")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each run lasts")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
