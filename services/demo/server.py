"""The deployed service on this machine: its function in the real Lambda runtime, and `serinus serve`."""

import json
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from localaws.runtime import FunctionConfig, Runtime
from serinus import service as services
from serinus.errors import SerinusError
from serinus.settings import PredictSettings
from services.demo.commands import console

PATIENCE_S = 30
Json = dict[str, Any]


@contextmanager
def lambda_runtime(service: str, models: Path, env: Mapping[str, str] | None = None) -> Iterator[Runtime]:
    """The service's function behind a Lambda Runtime API on this machine. env: besides its settings."""
    settings = PredictSettings(service=services.find(service).resolve(), models=models.resolve(), release="demo")
    around = {**(env or {}), **settings.as_env()}
    config = FunctionConfig(
        "functions.predict.handler.handler", name=service, env=around, cwd=Path.cwd(), timeout_s=PATIENCE_S
    )
    with Runtime(config) as runtime:
        yield runtime


def invoke(runtime: Runtime, body: str) -> Json:
    """What the function answers to POST /api/v1/predict, as API Gateway hands it over."""
    event = {
        "version": "2.0",
        "rawPath": "/api/v1/predict",
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/api/v1/predict", "sourceIp": "127.0.0.1"}},
        "body": body,
        "isBase64Encoded": False,
    }
    invocation = runtime.invoke(event)
    if invocation.function_error:
        raise SerinusError(f"the function failed: {invocation.payload}")
    payload: Any = invocation.payload
    answer: Json = json.loads(payload["body"])
    return answer


@contextmanager
def local_server(
    service: str, models: Path, log_file: Path, headers: Mapping[str, str] | None = None
) -> Iterator[HTTPConnection]:
    """`serinus serve`, and a connection to it once it is deeply healthy. headers: what it takes to be let in."""
    port = free_port()
    words = ["serve", service, "--models", str(models), "--port", str(port)]
    console.print(f"[dim]$ serinus {shlex.join(words)}[/dim]")
    command = [sys.executable, "-m", "serinus.cli", *words]
    with log_file.open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            yield _connected(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S), server, log_file, headers or {})
        finally:
            server.terminate()


def _connected(
    connection: HTTPConnection, server: "subprocess.Popen[bytes]", log_file: Path, headers: Mapping[str, str]
) -> HTTPConnection:
    for _ in range(10 * PATIENCE_S):
        if server.poll() is not None:
            break
        try:
            connection.request("GET", "/api/v1/health?deep=1", headers=headers)
            return _healthy(connection)
        except ConnectionRefusedError:
            connection.close()
            time.sleep(0.1)
    raise SerinusError(f"the server did not start; see {log_file}")


def _healthy(connection: HTTPConnection) -> HTTPConnection:
    answer = connection.getresponse()
    said = json.loads(answer.read())
    if answer.status != 200:
        raise SerinusError(f"the server is not healthy: {said}")
    return connection


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
