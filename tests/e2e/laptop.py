"""`serinus up` and what else it takes, as real processes in a folder of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import psutil
import requests

ROOT = Path(__file__).parents[2]
UP_S = 240
PREDICT = "/api/v1/predict"
JWT = '[gateway]\nkind = "http"\nauth = "jwt"\nissuer = "https://auth.example.org"\naudience = ["hawk"]\n'
KEYS = '[gateway]\nkind = "rest"\nauth = "api_key"\nrate_per_minute = 60\nburst = 20\n'


@dataclass(frozen=True)
class Laptop:
    """A folder in which services are up. env: on top of this process's own."""

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def start(self, command: str, service: Path, *options: str) -> "subprocess.Popen[str]":
        models = () if command == "down" else ("--models", str(service.parent / "models"))
        return subprocess.Popen(
            [sys.executable, "-m", "serinus.cli", command, str(service), *models, *options],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, command: str, service: Path, *options: str, code: int = 0) -> str:
        process = self.start(command, service, *options)
        out, err = process.communicate(timeout=UP_S)
        assert process.returncode == code, f"{out}\n{err}\n{self.log(service)}"
        return out + err if code else out

    def up(self, service: Path) -> "Up":
        return Up(json.loads(self.run("up", service, "--detach", "--json")))

    def log(self, service: Path) -> str:
        file = self.folder / ".serinus" / f"{service.parent.name}.log"
        return file.read_text() if file.is_file() else ""


@dataclass(frozen=True)
class Up:
    """What `serinus up --json` says of a service."""

    said: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.said[name]

    def ask(self, body: Mapping[str, Any], *, path: str = PREDICT, **headers: str) -> requests.Response:
        return requests.post(self["url"] + path, json=body, headers={**self["headers"], **headers}, timeout=60)

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        return boto3.client(service, endpoint_url=self["aws_endpoint_url"], region_name="us-east-1", **keys)

    def processes(self) -> list[psutil.Process]:
        """The host and its workers."""
        host = psutil.Process(self["pid"])
        return [host, *host.children(recursive=True)]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
