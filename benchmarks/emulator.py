"""AWS's Runtime Interface Emulator around an image: what a cold start takes there, and what the function answers.

It starts the function at the first invocation, and panics at two at a time: ask it one thing after the other.
"""

import json
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.engine import as_options, docker, running

PLACE = "/aws-lambda-rie"
PATH = "/2015-03-31/functions/function/invocations"
HANDLER = "functions.predict.handler.handler"
INIT = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)")
START_S = 30


@dataclass(frozen=True)
class Emulated:
    container: str
    port: int

    def invoke(self, event: Mapping[str, Any]) -> Any:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("POST", PATH, json.dumps(event))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    @property
    def init_ms(self) -> float:
        """Known once it was invoked."""
        found = INIT.search(docker("logs", self.container))
        if found is None:
            raise RuntimeError(f"no INIT REPORT: {docker('logs', self.container)[-2000:]}")
        return float(found[1])

    @property
    def resident_mb(self) -> float:
        """Of the function's own process, in MiB as Lambda counts."""
        lines = docker("top", self.container, "-o", "pid,rss,cmd").splitlines()[1:]
        [rss_kb] = [line.split()[1] for line in lines if "-m awslambdaric" in line and PLACE not in line]
        return int(rss_kb) / 1024


def binary() -> Path | None:
    """Where the emulator lies: `scripts/emulator` fetches it, and prints this."""
    place = Path(os.environ.get("SERINUS_RIE", "build/aws-lambda-rie"))
    return place.resolve() if place.is_file() else None


@contextmanager
def emulated(image: str, options: tuple[str, ...] = (), env: Mapping[str, str] | None = None) -> Iterator[Emulated]:
    emulator = binary()
    if emulator is None:
        raise RuntimeError("no emulator: run scripts/emulator, and set SERINUS_RIE to what it prints")
    port, inner = _free_ports(2)
    mounted = ["--network", "host", "--volume", f"{emulator}:{PLACE}:ro", "--entrypoint", PLACE]
    named = as_options({"AWS_LAMBDA_FUNCTION_NAME": "emulated", **(env or {})})
    places = [f"--runtime-interface-emulator-address=127.0.0.1:{port}", f"--runtime-api-address=127.0.0.1:{inner}"]
    command = [*places, "python", "-m", "awslambdaric", HANDLER]
    with running(image, [*mounted, *named, *options], command) as container:
        _wait(port)  # a published port would seem open before anybody listens
        yield Emulated(container, port)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as sockets:
        opened = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in opened]


def _wait(port: int) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
