"""Servers under test: each a process of its own, on a core that the load client leaves alone."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Address

ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
START_S = 120.0  # TensorFlow on a busy machine takes half of that
STOP_S = 15.0
SERVER, CLIENT = 0, -1  # the first and the last of the cores this process may use
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


class NotStarted(Exception):
    """A server ended, or did not answer, before it was ready."""


@dataclass(frozen=True)
class Server:
    name: str
    address: Address
    process_id: int

    def cpu_s(self) -> float:
        """Processor time of all its threads so far; not a number where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.process_id}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return float("nan")
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run this process, and what it starts meanwhile, on one core: SERVER or CLIENT."""
    if not CORES:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CORES[core]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def served(service: str, models: Path) -> Sequence[str]:
    """Ours, by the command a user types."""
    return ["serinus.cli", "serve", service, "--models", str(models), "--port"]


def by_hand(kind: str, *arguments: str) -> Sequence[str]:
    return [f"benchmarks.baselines.{kind}", *arguments]


@contextmanager
def running(name: str, module: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start `python -m MODULE ... PORT` with its output in the file `log`, and end it afterwards."""
    port = _free_port()
    command = [sys.executable, "-m", *module, str(port)]
    with log.open("wb") as output, pinned(SERVER):
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT, env=environment(env))
    try:
        _wait(process, port, log)
        yield Server(name, ("127.0.0.1", port), process.pid)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's, with output buffered as Python does by default, TensorFlow silent, and `extra`."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**inherited, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", **(extra or {})}


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise NotStarted(f"{process.args!r}: exit status {process.poll()}; its output: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
