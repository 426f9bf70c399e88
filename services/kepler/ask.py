"""Ask the deployed service: the function in the real Lambda runtime, and the server of this machine."""

import json
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from localaws.runtime import FunctionConfig, Runtime
from serinus import service as services
from serinus.errors import SerinusError
from serinus.settings import PredictSettings

SERVICE = "kepler"
PATIENCE_S = 30
Json = dict[str, Any]


def body(flux: NDArray[np.float32], *, every_model: bool = True) -> str:
    """The request for one curve [784]; JSON has no NaN, an empty bin is null."""
    features = [None if np.isnan(value) else float(value) for value in flux]
    return json.dumps({"features": features, "return_all_models": every_model})


@contextmanager
def lambda_runtime(models: Path) -> Iterator[Runtime]:
    """The service's function behind a Lambda Runtime API on this machine."""
    settings = PredictSettings(service=services.find(SERVICE).resolve(), models=models.resolve(), release="demo")
    config = FunctionConfig(
        "functions.predict.handler.handler", name=SERVICE, env=settings.as_env(), cwd=Path.cwd(), timeout_s=PATIENCE_S
    )
    with Runtime(config) as runtime:
        yield runtime


@contextmanager
def local_server(models: Path, log_file: Path, console: Console) -> Iterator[HTTPConnection]:
    """`serinus serve`, and a connection to it once it is deeply healthy."""
    port = _free_port()
    command = [sys.executable, "-m", "serinus.cli", "serve", SERVICE, "--models", str(models), "--port", str(port)]
    console.print(f"[dim]$ serinus {shlex.join(command[3:])}[/dim]")
    with log_file.open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            yield _connected(port, server, log_file)
        finally:
            server.terminate()


def _connected(port: int, server: "subprocess.Popen[bytes]", log_file: Path) -> HTTPConnection:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    for _ in range(10 * PATIENCE_S):
        if server.poll() is not None:
            break
        try:
            connection.request("GET", "/api/v1/health?deep=1")
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def invoke(runtime: Runtime, body: str) -> Json:
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


def post(connection: HTTPConnection, body: str) -> Json:
    connection.request("POST", "/api/v1/predict", body, {"content-type": "application/json"})
    answer: Json = json.loads(connection.getresponse().read())
    return answer


def must_agree(one: Json, other: Json) -> None:
    if one["ensemble_prediction"] != other["ensemble_prediction"]:
        raise SerinusError(f"Lambda and the server disagree: {one['ensemble_prediction']}, {other}")
