"""Steps of a demo: each is a command one can run oneself, printed as one before it is run."""

import hashlib
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from serinus.errors import SerinusError

console = Console(highlight=False)


def step(number: int, what: str) -> None:
    console.rule(f"[bold]{number}. {what}", align="left")


def run(module: str, *arguments: object, capture: bool = False, env: Mapping[str, str] | None = None) -> str:
    """Run `python -m module arguments`; SerinusError when it fails."""
    words = [str(argument) for argument in arguments]
    shown = "serinus" if module == "serinus.cli" else f"python -m {module}"
    console.print(f"[dim]$ {shown} {shlex.join(words)}[/dim]")
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE if capture else None, env=env)
    if done.returncode:
        raise SerinusError(f"{shown} {words[0]} failed with exit code {done.returncode}")
    return done.stdout or ""


def has_learnt(note: Path, sources: Sequence[Path]) -> bool:
    """Whether the `note` says that what comes of these very sources is there; see `note_learnt`."""
    return note.exists() and note.read_text() == _digest(sources)


def note_learnt(note: Path, sources: Sequence[Path]) -> None:
    note.write_text(_digest(sources))


def sources_of(service: str, *others: Path) -> list[Path]:
    """The files that decide what a service's models are."""
    own = [*Path("services", service).glob("*.py"), Path("services", service, "service.toml")]
    rows = [*Path("serinus").glob("*.py"), *Path("serinus", "tables").glob("*.py")]
    return [*sorted(own), *sorted(rows), *sorted(Path("export").glob("*.py")), Path("uv.lock"), *others]


def _digest(sources: Sequence[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
