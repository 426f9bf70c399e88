"""docs/new-service.md, walked as it stands there: its files, its commands, its answers.

A block that begins with a path in a comment is that file; a block of bash is typed in; a block of JSON is what the one
before it answers. Only ports are others, and the server is waited for.
"""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import requests

from serinus.bundle import Bundle
from services.demo.server import free_port

PAGE = Path(__file__).parents[2] / "docs/new-service.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# (\S+/\S+\.(?:py|toml))\n")
CLOSE = 0.02  # of a number on the page: the trees are the same everywhere, their last digits need not be
PATIENCE_S = 30


@dataclass
class Walk:
    """said: what each block of commands printed; asked: what was answered, and what the page says to that.

    drafted: the service.toml as `serinus new` wrote it
    """

    folder: Path
    said: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[Any, Any]] = field(default_factory=list)
    drafted: str = ""

    @property
    def file(self) -> Path:
        return self.folder / "services/solar/service.toml"

    def take(self, kind: str, text: str, server: "Server") -> None:
        """Do what a block says."""
        if kind == "json":
            self.asked.append((json.loads([*self.said.values()][-1]), json.loads(text)))
        elif named := FILE.match(text):
            (self.folder / named[1]).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / named[1]).write_text(text)
        elif text.startswith("serinus serve"):
            server.start(text.removesuffix(" &\n").split())
        elif text.startswith("kill"):
            server.stop()
        else:
            self.said[text] = server.typed(text)
            self.drafted = self.drafted or (self.file.read_text() if self.file.exists() else "")


@dataclass
class Server:
    """A shell in a folder, and the server that runs beside it."""

    folder: Path
    port: int = field(default_factory=free_port)
    running: "subprocess.Popen[bytes] | None" = None

    @property
    def env(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("SERINUS_")}
        return own | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}", "COLUMNS": "200"}

    def typed(self, text: str) -> str:
        told = text.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        shell = ["bash", "-euo", "pipefail", "-c", told]
        done = subprocess.run(shell, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, command: list[str]) -> None:
        log = self.folder / "server.log"
        words = [*command, "--port", str(self.port)]
        with log.open("w") as out:
            self.running = subprocess.Popen(words, cwd=self.folder, env=self.env, stdout=out, stderr=out)
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self.running.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        if self.running is not None:
            self.running.terminate()
            self.running.wait(PATIENCE_S)
            self.running = None

    def _answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/health", timeout=PATIENCE_S).status_code == 200
        except requests.ConnectionError:
            return False


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """The page, walked from its first block to its last."""
    walked = Walk(tmp_path_factory.mktemp("walk"))
    with ExitStack() as stack:
        server = Server(walked.folder)
        stack.callback(server.stop)
        for kind, text in BLOCK.findall(PAGE.read_text()):
            walked.take(kind, text, server)
    return walked


def said(walk: Walk, command: str) -> str:
    [printed] = [printed for text, printed in walk.said.items() if command in text]
    return printed


def like(answer: Any, page: Any) -> bool:
    """Whether an answer is the page's: its texts as far as the page says them, its numbers nearly."""
    if isinstance(page, dict):
        return (
            isinstance(answer, dict) and [*page] == [*answer] and all(like(answer[name], page[name]) for name in page)
        )
    if isinstance(page, list):
        return len(answer) == len(page) and all(map(like, answer, page))
    if isinstance(page, str) and page.endswith("..."):
        return isinstance(answer, str) and answer.startswith(page.removesuffix("..."))
    if isinstance(page, float):
        return bool(answer == pytest.approx(page, rel=CLOSE))
    return bool(answer == page)


def test_the_answers_are_those_on_the_page(walk: Walk) -> None:
    assert len(walk.asked) == 3
    for answer, page in walk.asked:
        assert like(answer, page), json.dumps(answer)


def test_what_new_writes_is_a_start_for_the_service_of_the_page(walk: Walk) -> None:
    drafted, whole = tomllib.loads(walk.drafted), tomllib.loads(walk.file.read_text())
    names = [entry["name"] for entry in drafted["input"]["fields"]]
    assert names == [entry["name"] for entry in whole["input"]["fields"]][: len(names)]
    kinds = [entry.get("type") for entry in drafted["input"]["fields"]]
    assert kinds == ["date", "float", "float", "integer", "float", "string", None]
    assert "cloud_cover" in said(walk, "serinus new")
    assert "'roof_id' is left out" in said(walk, "serinus new")


def test_the_model_is_worth_serving_and_proven(walk: Walk) -> None:
    about = Bundle.load(walk.folder / "models/xgboost/v1.0.0").metadata
    assert about.performance["r2"] > 0.9
    assert about.parity.rows >= 10_000
    assert "ready" in said(walk, "serinus preflight")


def test_every_row_of_the_file_is_accounted_for(walk: Walk) -> None:
    parts = [pq.read_table(part) for part in sorted((walk.folder / "scored/predictions").iterdir())]
    assert sum(map(len, parts)) == 4_000
    assert parts[0]["roof_id"][0].as_py() == "R0000"
    [bad] = said(walk, "serinus score").splitlines()[-1:]
    assert json.loads(bad)["line"] == 4_002
    assert "date: got '2024-06-31'" in json.loads(bad)["reason"]


def test_the_release_is_known(walk: Walk) -> None:
    assert (walk.folder / "models/xgboost/stable").resolve().name == "v1.0.0"


def test_it_takes_ten_minutes() -> None:
    """Two files to write, the longer of which is the one without code."""
    files = {named[1]: text for _, text in BLOCK.findall(PAGE.read_text()) if (named := FILE.match(text))}
    assert [*files] == ["services/solar/simulate.py", "services/solar/service.toml", "services/solar/train.py"]
    assert len(files["services/solar/train.py"].splitlines()) < 50
