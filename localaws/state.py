"""The file that says which stack runs on this machine, and where: one for each service, only its owner may read it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil


@dataclass(frozen=True)
class StateFile:
    """`<service>.json` in `folder`; beside it the log of the process, and a folder for the files of images."""

    folder: Path
    service: str

    @property
    def path(self) -> Path:
        return self.folder / f"{self.service}.json"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.service}.log"

    @property
    def shelf(self) -> Path:
        return self.folder / self.service

    def claim(self, about: Mapping[str, Any]) -> bool:
        """Make the file unless another process that lives has it."""
        if self.running() is not None:
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return False
        with os.fdopen(descriptor, "w") as file:
            json.dump(_marked(about), file)
        return True

    def write(self, about: Mapping[str, Any]) -> None:
        """All of it at once: nobody reads half a file."""
        unfinished = self.path.with_suffix(".unfinished")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(_marked(about), indent=2) + "\n")
        unfinished.replace(self.path)

    def remove(self) -> None:
        """The file, and what was written for callers of the stack beside it; the log stays."""
        for file in {self.path, *self.folder.glob(f"{self.service}.*")} - {self.log}:
            file.unlink(missing_ok=True)

    def running(self) -> dict[str, Any] | None:
        """What the file says, if the process it speaks of lives; a file that was left behind is removed."""
        try:
            about: dict[str, Any] = json.loads(self.path.read_text())
            started = psutil.Process(about["pid"]).create_time()
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, psutil.NoSuchProcess):
            started = None
            about = {}
        if started is None or started != about.get("started"):  # the number of a dead process is used again
            self.remove()
            return None
        return about


def _marked(about: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"pid": os.getpid(), "started": psutil.Process().create_time(), **about}
