"""One version of a function, and the process that runs it: `python -m awslambdaric`, or a container."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localaws.containers import Container


@dataclass(frozen=True)
class FunctionConfig:
    """One version of a function: its code, its limits and what its environment gets on top of Lambda's own.

    initialization: how Lambda says it starts this version: "on-demand", "snap-start" or "provisioned-concurrency"
    """

    handler: str
    name: str = "function"
    version: str = "$LATEST"
    memory_mb: int = 512
    timeout_s: float = 3.0
    init_timeout_s: float = 10.0
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    python: str = sys.executable
    initialization: str = "on-demand"
    image: str = ""  # where there is one, the sandbox is a container of it, and cwd and python are the image's

    @property
    def region(self) -> str:
        return self.env.get("AWS_REGION", "us-east-1")

    def arn(self, qualifier: str) -> str:
        return f"arn:aws:lambda:{self.region}:123456789012:function:{self.name}:{qualifier}"


def start(function: FunctionConfig, container: Container | None, port: int) -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C reaches the parent alone and the parent ends its workers."""
    variables = _variables(function, port)
    process = [function.python, "-m", "awslambdaric", function.handler]
    return subprocess.Popen(
        container.command(variables, [function.handler]) if container else process,
        bufsize=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=function.cwd,
        env={**os.environ, **variables} if container else _environment(function, variables),
        start_new_session=True,
    )


def _environment(function: FunctionConfig, variables: Mapping[str, str]) -> dict[str, str]:
    """Of the parent's variables only what a Python needs to start: no credentials slip in."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH", "LANG") if name in os.environ}
    return {**inherited, **variables, "LAMBDA_TASK_ROOT": str(function.cwd or Path.cwd())}


def _variables(function: FunctionConfig, port: int) -> dict[str, str]:
    log_stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{function.version}]{uuid.uuid4().hex}"
    return {
        "TZ": ":UTC",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        **function.env,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": function.initialization,
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "_HANDLER": function.handler,
    }
