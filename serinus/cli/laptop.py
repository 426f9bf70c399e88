"""The process that hosts a service's stack on this machine: started, waited for and ended by the command line."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serinus.errors import ServiceError

if TYPE_CHECKING:
    from localaws.state import StateFile

ROOT = Path(__file__).parents[2]
STATE = Path(".serinus")
START_S, STOP_S, POLL_S = 60.0, 20.0, 0.05
TAIL = 2000


def state_of(service: str) -> "StateFile":
    from localaws.state import StateFile

    return StateFile(STATE.resolve(), service)


@contextmanager
def host(state: "StateFile", *options: str, detached: bool) -> Iterator[subprocess.Popen[bytes]]:
    """Start it in a session of its own, so that Ctrl-C reaches the command alone, which then ends the host.

    A host that is not detached also ends when the command dies. An error in the block ends either kind.
    """
    state.folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "localaws", state.service, "--folder", str(state.folder), *options]
    with state.log.open("wb") as log:
        process = subprocess.Popen(
            [*command, *(() if detached else ("--until-eof",))],
            cwd=ROOT,
            stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    except BaseException:
        end(process.pid)
        process.wait()
        raise
    if not detached:
        end(process.pid)
        process.wait()


def control_of(state: "StateFile", process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What it says of itself once it can be told to deploy."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        about = state.running()
        if about and about["pid"] == process.pid and "control" in about:
            return about
        time.sleep(POLL_S)
    raise ServiceError(f"the local AWS did not start:\n{tail(state.log)}")


def end(pid: int) -> bool:
    """Ask the process to end, and wait; whether it had to be killed."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    deadline = time.monotonic() + STOP_S
    while time.monotonic() < deadline:
        if not _lives(pid):
            return False
        time.sleep(POLL_S)
    os.kill(pid, signal.SIGKILL)
    return True


def tail(log: Path) -> str:
    return log.read_bytes()[-TAIL:].decode(errors="replace").strip() if log.is_file() else "it said nothing"


def _lives(pid: int) -> bool:
    """A process that has ended and was not waited for does not live."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
