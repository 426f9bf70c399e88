"""`serinus up`: a service on this machine, in the very stack that is deployed to AWS."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serinus.cli.laptop import ROOT, control_of, host, state_of, tail
from serinus.cli.options import JsonOption, ModelsOption, ServiceArgument
from serinus.errors import ServiceError

if TYPE_CHECKING:
    from rich.console import Console

    from localaws.state import StateFile
    from serinus.service import Service

QUIET = {"CDK_VALIDATION": "false", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "18,20,21,23"}
LOOK_S = 0.5


@dataclass(frozen=True)
class Wanted:
    """What is to be up. file: its service.toml."""

    service: "Service"
    file: Path
    models: Path
    options: tuple[str, ...] = ()
    containers: bool = False

    @property
    def stack(self) -> str:
        return f"serinus-{self.service.name}"


@dataclass
class Steps:
    """Says what is going on, and afterwards how long it took."""

    console: "Console"
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        with self.console.status(name):
            yield
        self.seconds[name] = round(time.perf_counter() - started, 2)
        self.console.print(f"[green]done[/] {name} [dim]{self.seconds[name]:.1f} s[/]")


def up(
    service: ServiceArgument,
    models: ModelsOption = Path("models"),
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port of the API; 0 takes a free one.")] = 0,
    detach: Annotated[bool, typer.Option("--detach", help="Return when it serves; serinus down ends it.")] = False,
    containers: Annotated[
        bool, typer.Option("--containers", help="Functions run in containers of the built image; needs Docker.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Deploy a service's stack to an AWS on this machine and serve it until Ctrl-C. No account, no Docker.

    The same template that `serinus deploy` gives to AWS. While it runs, the same command publishes what has changed
    as a new version, and leaves the alias where it is. Try:

        serinus up kepler

        serinus up kepler --detach --json
    """
    from rich.console import Console

    from serinus import service as services

    file = services.find(service)
    options = (*("--port", str(port)), *(("--containers",) if containers else ()))
    wanted = Wanted(services.load(file), file.resolve(), models.resolve(), options, containers)
    state, steps = state_of(wanted.service.name), Steps(Console(stderr=True))
    if state.running():
        _say(wanted, _update(wanted, state, steps), as_json=as_json)
    elif detach:
        with host(state, *wanted.options, detached=True) as process:
            answer = _serving(wanted, state, steps, process)
        _say(wanted, answer, as_json=as_json)
    else:
        _until_interrupted(wanted, state, steps, as_json=as_json)


def _until_interrupted(wanted: Wanted, state: "StateFile", steps: Steps, *, as_json: bool) -> None:
    import signal

    for ending in (signal.SIGTERM, signal.SIGINT):  # a shell starts what runs in the background deaf to Ctrl-C
        signal.signal(ending, signal.default_int_handler)
    try:
        with host(state, *wanted.options, detached=False) as process:
            _say(wanted, _serving(wanted, state, steps, process), as_json=as_json)
            while process.poll() is None:
                time.sleep(LOOK_S)
            raise ServiceError(f"the local AWS has ended by itself:\n{tail(state.log)}")
    except KeyboardInterrupt:
        steps.console.print(f"{wanted.service.name} has ended")


def _serving(wanted: Wanted, state: "StateFile", steps: Steps, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Bake and synthesise while the host starts, deploy, and see a prediction answered."""
    with tempfile.TemporaryDirectory(prefix="serinus-up-") as scratch:
        assembly = _assembly(wanted, Path(scratch), steps)
        with steps.step("starting AWS on this machine"):
            control_of(state, process)
        answer = _deployed(wanted, state, assembly, steps)
    with steps.step("asking for a first prediction"):
        predicted = _is_answered(wanted, answer, state)
    return {**answer, "predicted": predicted, "seconds": steps.seconds}


def _update(wanted: Wanted, state: "StateFile", steps: Steps) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="serinus-up-") as scratch:
        answer = _deployed(wanted, state, _assembly(wanted, Path(scratch), steps), steps)
    return {**answer, "seconds": steps.seconds}


def _assembly(wanted: Wanted, scratch: Path, steps: Steps) -> Path:
    """The service baked and its template synthesised: what `cdk deploy` takes."""
    from serinus.baking.bake import bake, gather

    with steps.step(f"baking {wanted.service.name}"):
        baked = bake(gather(ROOT, wanted.file, wanted.models), scratch / "build")
        online = next(one for one in baked if one.image == "online").folder
        said = {"service": wanted.file, "image": online, **(_built_with(online) if wanted.containers else {})}
    context = [part for name, value in said.items() for part in ("-c", f"{name}={value}")]
    command = [sys.executable, "-m", "infra.cdk.app", *context, "--out", str(scratch / "cdk.out")]
    env = {**os.environ, **QUIET}
    with steps.step("synthesising the stack"):
        run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if run.returncode:
        raise ServiceError(f"the stack cannot be synthesised:\n{run.stderr.strip()[-2000:]}")
    return scratch / "cdk.out"


def _built_with(context: Path) -> dict[str, str]:
    """Images are built from the base and the wheels that the environment names, as for `serinus bake`."""
    from serinus.baking.context import put_wheels

    if "SERINUS_WHEELHOUSE" in os.environ:
        put_wheels(context, Path(os.environ["SERINUS_WHEELHOUSE"]))
    return {"base_image": os.environ["SERINUS_BASE_IMAGE"]} if "SERINUS_BASE_IMAGE" in os.environ else {}


def _deployed(wanted: Wanted, state: "StateFile", assembly: Path, steps: Steps) -> dict[str, Any]:
    from localaws.control import Address, Declined, ask

    about = state.running()
    if about is None or "control" not in about:
        raise ServiceError(f"the local AWS of {wanted.service.name} has ended:\n{tail(state.log)}")
    with steps.step(f"deploying {wanted.stack}"):
        try:
            deployed = ask(Address(**about["control"]), {"assembly": str(assembly), "stack": wanted.stack})
        except Declined as reason:
            raise ServiceError(f"not deployed: {reason}; more is in {state.log}") from reason
    return {
        "service": wanted.service.name,
        "pid": about["pid"],
        "aws_endpoint_url": about["aws_endpoint_url"],
        "authorization": deployed["headers"].get("authorization"),
        **deployed,
    }


def _is_answered(wanted: Wanted, answer: dict[str, Any], state: "StateFile") -> bool:
    """A prediction; where nothing is stored yet of the entity it is about, the models themselves are looked at."""
    from serinus.cli.up_page import HEALTH, PREDICT, asked, example

    status, said = asked(answer, PREDICT, example(wanted.service, wanted.models))
    if status == 200:
        return True
    if status == 404 and wanted.service.features:
        status, said = asked(answer, HEALTH)
    if status != 200:
        raise ServiceError(f"the first request was answered {status}: {said}\n{tail(state.log)}")
    return False


def _say(wanted: Wanted, answer: dict[str, Any], *, as_json: bool) -> None:
    from rich.console import Console

    from serinus.cli.up_page import page

    if as_json:
        print(json.dumps(answer))
    else:
        Console().print(page(answer, wanted.service, wanted.models), soft_wrap=True)
