"""Patient risk with features from a real Redis: `serinus serve iit` against what one would write by hand.

python -m benchmarks.patients [--models models --originals originals] [--seconds 5] [--json FILE]

Without bundles it trains first. The load client and Redis share the core that the server does not run on.
"""

import argparse
import re
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import redis
from rich.console import Console

from benchmarks.baselines.rounds import Question, Run, check_agreement, in_turns, medians, ratio
from benchmarks.baselines.servers import Server, by_hand, running, served
from benchmarks.online import Requirement, at_least, at_most
from benchmarks.table import console, machine, print_machine, print_table, write_json
from serinus import service as services
from serinus.features.store import Stored
from serinus.service import Service
from serinus.stores import open_store
from services.demo.redis_server import address, running_redis
from services.iit.simulator import simulate

SERVICE = "iit"
PATH = "/api/v1/predict"
OURS, FORGETFUL = "serinus serve", "serinus serve, no memory"
BY_HAND, DUTIFUL = "FastAPI + lightgbm + redis.asyncio", "the same with log, metrics, audit record"
STORED, ASKED, AGREEING = 10_000, 2_000, 50
SEED = 23
FEW, MANY = 1, 16
RATE = "rate_per_minute = 60000000"
PACKAGES = ("onnxruntime", "fastapi", "uvicorn", "redis", "hiredis", "lightgbm")
Report = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """models: the bundles; original: LightGBM's own file; logs: what the servers write; redis: an address."""

    models: Path
    original: Path
    logs: Path
    redis: str


@dataclass(frozen=True)
class Secrets:
    api_key: str
    audit_key: str

    def env(self, place: Place) -> dict[str, str]:
        return {
            "SERINUS_API_KEY": self.api_key,
            "SERINUS_AUDIT_KEY": self.audit_key,
            "SERINUS_AUDIT_LOG": str(place.logs / "audit.jsonl"),
            "SERINUS_FEATURES_ADDRESS": place.redis,
        }


def main() -> None:
    options = _options()
    out = console()
    facts = machine(PACKAGES)
    print_machine(out, facts)
    with tempfile.TemporaryDirectory(prefix="serinus-patients-") as folder, running_redis() as port:
        models, originals = (options.models, options.originals) if options.models else trained(Path(folder), out)
        original = next((originals / "lightgbm").glob("*.txt"))
        place = Place(models.resolve(), original.resolve(), Path(folder), address(port))
        report = {"machine": facts, "seconds": options.seconds} | measured(place, options.seconds, out)
    requirements = judged(report)
    report["requirements"] = [asdict(one) for one in requirements]
    show(out, report, requirements)
    write_json(options.json, report)


def trained(folder: Path, out: Console) -> tuple[Path, Path]:
    models, originals = folder / "models", folder / "originals"
    with out.status("training: simulated visits"):
        command = [sys.executable, "-m", "services.iit.train", "--out", str(models), "--originals", str(originals)]
        subprocess.run(command, check=True, capture_output=True)
    return models, originals


def measured(place: Place, seconds: float, out: Console) -> Report:
    service = services.load(services.find(SERVICE))
    bodies = stored_and_asked(service, place.redis)
    kept = Secrets(secrets.token_urlsafe(32), secrets.token_urlsafe(48))
    question = Question(PATH, bodies, {"X-API-Key": kept.api_key})
    told = (str(place.original), place.redis, kept.api_key)
    commands = {
        OURS: served(str(service_file(place.logs / "ours.toml", ttl_s=300)), place.models),
        FORGETFUL: served(str(service_file(place.logs / "forgetful.toml", ttl_s=0)), place.models),
        BY_HAND: by_hand("patient_server", *told),
        DUTIFUL: by_hand("patient_server", *told, str(place.logs / "by-hand.jsonl")),
    }
    with ExitStack() as stack:
        servers = [
            stack.enter_context(running(name, command, place.logs / f"server-{number}", kept.env(place)))
            for number, (name, command) in enumerate(commands.items())
        ]
        with out.status("asking all servers the same"):
            check_agreement(servers, Question(PATH, bodies[:AGREEING], question.headers))
        with out.status("under load"):
            runs = {count: in_turns(servers, question, connections=count, seconds=seconds) for count in (FEW, MANY)}
        rate = hit_rate(servers[0])
    return {"hit_rate": rate, "loads": {str(count): compared(of) for count, of in runs.items()}}


def compared(runs: Mapping[str, Sequence[Run]]) -> Report:
    return {
        "servers": {name: medians(of) for name, of in runs.items()},
        "ratios": {
            f"{ours}, against {theirs}": ratio(runs[ours], runs[theirs])
            for ours in (OURS, FORGETFUL)
            for theirs in (BY_HAND, DUTIFUL)
        },
    }


def stored_and_asked(service: Service, address: str) -> list[bytes]:
    """Fill both servers' stores with the same patients; the requests for some of them."""
    visits = simulate(STORED, seed=SEED).visits.to_pylist()
    stored = [field.name for field in service.input.given if field.source != "request"]
    asked = [field.name for field in service.input.given if field.source == "request"]
    features = {visit["patient_id"]: plain(visit, stored) for visit in visits}
    now = time.time()
    open_store(service, address).put({patient: Stored(values, now) for patient, values in features.items()})
    client = redis.Redis.from_url(address)
    client.mset({f"patient:{patient}": orjson.dumps(values) for patient, values in features.items()})
    client.close()
    return [orjson.dumps(plain(visit, asked)) for visit in visits[:ASKED]]


def plain(visit: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Some of a visit as JSON has it: dates as text, nothing where nothing is known."""
    said = {name: visit[name] for name in names if visit[name] is not None}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in said.items()}


def service_file(file: Path, *, ttl_s: int) -> Path:
    """The same service, which remembers patients for `ttl_s`; its rate is counted, but too high to be met."""
    text = services.find(SERVICE).read_text()
    rate = re.sub(
        r"^burst = .*$", "burst = 1000000", re.sub(r"^rate_per_minute = .*$", RATE, text, flags=re.M), flags=re.M
    )
    burst = re.sub(r"^burst = .*$", "burst = 1000000", rate, flags=re.M)
    file.write_text(burst.replace("ttl_s = 300", f"ttl_s = {ttl_s}"))
    return file


def hit_rate(server: Server) -> float:
    """Of the patients asked for, how many were remembered."""
    host, port = server.address
    with urllib.request.urlopen(f"http://{host}:{port}/metrics") as answer:
        lines = [line.split() for line in answer.read().decode().splitlines() if line.startswith("feature_cache_")]
    counts = {name.partition("{")[0]: float(value) for name, value in lines}
    hits, misses = counts["feature_cache_hits_total"], counts["feature_cache_misses_total"]
    return hits / (hits + misses)


def judged(report: Report) -> list[Requirement]:
    many = report["loads"][str(MANY)]
    ours = many["servers"][OURS]
    return [
        at_least("requests/s", 1000, ours["per_second"]),
        at_most("p95 ms", 50, ours["p95_ms"]),
        *(
            at_least(f"times {theirs}", 2, many["ratios"][f"{OURS}, against {theirs}"]["per_second"])
            for theirs in (BY_HAND, DUTIFUL)
        ),
    ]


def show(out: Console, report: Report, requirements: Sequence[Requirement]) -> None:
    columns = ["connections", "server", "requests/s", "p50 ms", "p95 ms", "p99 ms", "CPU µs", "client µs"]
    rows = [
        [count, name, *run.values()] for count, of in report["loads"].items() for name, run in of["servers"].items()
    ]
    print_table(out, f"{ASKED:,} of {STORED:,} patients; medians of the rounds", columns, rows)
    ratios = [
        [count, name, *times.values()] for count, of in report["loads"].items() for name, times in of["ratios"].items()
    ]
    print_table(out, "Ours, times", ["connections", "", "requests/s", "per CPU second"], ratios)
    out.print(f"remembered: {report['hit_rate']:.1%} of the patients asked for")
    verdicts = [[one.what, one.wanted, one.got, "met" if one.met else "NOT MET"] for one in requirements]
    print_table(out, "Requirements", ["what", "wanted", "got", ""], verdicts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, help="the folder of the bundles; without it, train first")
    parser.add_argument("--originals", type=Path, default=Path("originals"), help="the folder of the originals")
    parser.add_argument("--seconds", type=float, default=5, help="how long each server is under load, each round")
    parser.add_argument("--json", type=Path, help="a file to write all figures to")
    return parser.parse_args()


if __name__ == "__main__":
    main()
