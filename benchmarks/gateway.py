"""A prediction through the laptop's API Gateway and a Lambda runtime, against that runtime alone.

python -m benchmarks.gateway [--service kepler] [--models models] [--seconds 5] [--json FILE]
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.baselines.lambda_path import percentiles, predict_event, through_the_runtime
from benchmarks.baselines.servers import ROOT
from benchmarks.load import drive, post
from benchmarks.table import console, machine, print_machine, print_table, write_json
from serinus import service as services
from serinus.settings import PredictSettings

PATH = "/api/v1/predict"
ROUNDS = 3
WANTED_MS = 5.0
ALONE = "runtime alone"
PACKAGES = ("onnxruntime", "fastapi", "mangum", "awslambdaric", "uvicorn", "moto")


def main() -> None:
    options = _options()
    out = console()
    facts = machine(PACKAGES)
    print_machine(out, facts)
    file = services.find(options.service).resolve()
    rounds = measured(file, options.models.resolve(), options.seconds)
    columns = ["round", "through", "p50 ms", "p95 ms", "p99 ms"]
    rows = [[number, name, *of.values()] for number, one in enumerate(rounds, 1) for name, of in one.items()]
    print_table(out, "One prediction, one client with a kept connection", columns, rows)
    best = {name: min(one[name]["p50_ms"] for one in rounds) for name in rounds[0]}
    met = all(p50_ms < WANTED_MS for p50_ms in best.values())
    out.print(f"p50 below {WANTED_MS:g} ms in the best round: {'met' if met else 'NOT MET'}")
    write_json(options.json, {"machine": facts, "rounds": rounds})


def measured(file: Path, models: Path, seconds: float) -> list[dict[str, Any]]:
    """In turns, as the machine may be busy at times."""
    service = services.load(file)
    bundle = next(iter(service.bundles(models)))
    body = json.dumps({"features": [0.5] * (service.input.features or 0), "model": bundle}).encode()
    settings = PredictSettings(service=file, models=models).as_env()
    rounds = []
    with running(file, models) as places:
        for _ in range(ROUNDS):
            one = {ALONE: through_the_runtime(predict_event(body), settings, seconds)}
            rounds.append(one | {name: through(place, body, seconds) for name, place in places.items()})
    return rounds


def through(place: Mapping[str, Any], body: bytes, seconds: float) -> dict[str, float]:
    """Where each answer is a 200, which `drive` checks."""
    url = urlsplit(place["url"])
    request = post(url.path + PATH, body, place["headers"])
    address = (url.hostname or "", url.port or 0)
    drive(address, [request], connections=1, seconds=0.5)
    return percentiles(drive(address, [request], connections=1, seconds=seconds).latencies_ms)


@contextmanager
def running(file: Path, models: Path) -> Iterator[Mapping[str, Mapping[str, Any]]]:
    command = [sys.executable, "-m", "benchmarks.baselines.gateways", str(file), str(models)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None  # both are pipes
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said:
            raise RuntimeError(f"{command}: exit status {process.wait()}")
        yield json.loads(said)
        process.stdin.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--service", default="kepler", help="a folder of services, or a service.toml")
    parser.add_argument("--models", type=Path, default=Path("models"), help="the bundles")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each run lasts")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
