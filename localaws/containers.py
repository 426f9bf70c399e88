"""A sandbox in a container: the engine's command that runs one, and how it ends."""

import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

VCPU_MB = 1769  # the memory with which Lambda gives one whole vCPU
TRIES, PAUSE_S = 10, 0.2


@dataclass(frozen=True)
class Container:
    """One container of `image`, as Lambda would confine it: nothing to write to but /tmp, memory, a share of a CPU.

    Its Runtime API is on the loopback of this machine, hence the host's network.
    """

    image: str
    memory_mb: int
    name: str = field(default_factory=lambda: f"serinus-{uuid.uuid4().hex[:12]}")

    def command(self, variables: Iterable[str], arguments: Iterable[str]) -> list[str]:
        """variables: names only, their values come from the environment of the command: others may read its line."""
        cpus = min(self.memory_mb / VCPU_MB, os.cpu_count() or 1)
        confined = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        limits = ["--memory", f"{self.memory_mb}m", "--memory-swap", f"{self.memory_mb}m", "--cpus", f"{cpus:.2f}"]
        named = [part for variable in variables for part in ("--env", variable)]
        run = ["docker", "run", "--rm", "--init", "--pull", "never", "--name", self.name, "--network", "host"]
        return [*run, "--cidfile", str(self._made), *confined, *limits, *named, self.image, *arguments]

    def kill(self) -> None:
        """End it at once: a signal to the engine's client would leave the container, which may only just be made."""
        for _ in range(TRIES):
            if self._made.is_file() and self._made.read_text():
                break
            time.sleep(PAUSE_S)
        subprocess.run(["docker", "rm", "--force", self.name], capture_output=True, check=False)
        self._made.unlink(missing_ok=True)

    @property
    def _made(self) -> Path:
        """The engine's client writes the container's id there once there is one."""
        return Path(tempfile.gettempdir(), f"{self.name}.cid")
