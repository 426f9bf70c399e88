"""The cdk tool of this checkout, which brings stacks to AWS and away again."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from serinus.errors import ServiceError

ROOT = Path(__file__).parents[2]
TOOL = Path("node_modules/.bin/cdk")
NODE_20 = {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}


def tool(root: Path = ROOT) -> Path:
    """Where it is; ServiceError that says how to get it."""
    found = root / TOOL
    if not found.exists():
        raise ServiceError(f"no cdk tool in {root}: run `npm ci` there (Node.js 22 or later)")
    return found


def run(command: Sequence[str], said: dict[str, str], root: Path = ROOT) -> None:
    """`cdk COMMAND` with the context `said`, its words on standard error; ServiceError when it fails."""
    context = [part for name, value in said.items() for part in ("--context", f"{name}={value}")]
    app = ["--app", f"{sys.executable} -m infra.cdk.app"]
    whole = [str(tool(root)), *command, *app, *context]
    finished = subprocess.run(whole, cwd=root, env={**os.environ, **NODE_20}, stdout=sys.stderr, check=False)
    if finished.returncode:
        raise ServiceError(f"cdk {command[0]} failed: it says above why")
