"""The container engine of this machine, by its command."""

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

DEBIANS = Path("/usr/bin/docker")  # builds with BuildKit; another one that comes first in PATH may not
DOCKER = os.environ.get("DOCKER", str(DEBIANS) if DEBIANS.exists() else "docker")
BASE_IMAGE = os.environ.get("SERINUS_BASE_IMAGE", "serinus-base:3.13")
CONFINED = ("--read-only", "--tmpfs", "/tmp")


class EngineError(RuntimeError):
    """What the engine says when it does not do what it was told."""


def docker(*arguments: str) -> str:
    """What the engine answers, on both of its outputs."""
    env = {**os.environ, "DOCKER_BUILDKIT": "1"}
    run = subprocess.run([DOCKER, *arguments], env=env, capture_output=True, text=True, check=False)
    if run.returncode:
        raise EngineError(f"{DOCKER} {arguments[0]}: exit status {run.returncode}: {(run.stdout + run.stderr)[-3000:]}")
    return run.stdout + run.stderr


def build(context: Path, tag: str, *, target: str | None = None, dockerfile: Path | None = None) -> str:
    """Build without a network, on the base image of this machine."""
    chosen = [*(["--target", target] if target else []), *(["--file", str(dockerfile)] if dockerfile else [])]
    base = ["--build-arg", f"BASE_IMAGE={BASE_IMAGE}"]
    return docker("build", "--network", "none", "--progress", "plain", *base, *chosen, "--tag", tag, str(context))


@contextmanager
def running(image: str, options: Iterable[str] = (), arguments: Iterable[str] = ()) -> Iterator[str]:
    """A container that runs in the background; its id."""
    container = docker("run", "--detach", *CONFINED, *options, image, *arguments).strip()
    try:
        yield container
    finally:
        docker("rm", "--force", container)


def port_of(container: str, inside: int) -> int:
    """The port of this machine's loopback at which port `inside` of the container answers."""
    return int(docker("port", container, str(inside)).splitlines()[0].rpartition(":")[2])


def as_options(env: Mapping[str, str]) -> list[str]:
    return [part for name, value in env.items() for part in ("--env", f"{name}={value}")]


def megabytes(image: str) -> float:
    """The size of an image as the engine counts it."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6
