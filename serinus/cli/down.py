"""`serinus down`: end what `serinus up` started."""

import json

import typer

from serinus.cli.options import JsonOption, ServiceArgument


def down(service: ServiceArgument, as_json: JsonOption = False) -> None:
    """End the local AWS of a service, its workers and its ports. What it held is gone: it was in memory.

    Try: serinus down kepler
    """
    from serinus import service as services
    from serinus.cli.laptop import end, state_of

    name = services.load(services.find(service)).name
    state = state_of(name)
    running = state.running()
    killed = end(running["pid"]) if running else False
    if killed:
        state.remove()
    if as_json:
        print(json.dumps({"service": name, "was_running": bool(running)}))
    elif not running:
        typer.echo(f"nothing runs for {name} in {state.folder}")
    else:
        typer.echo(f"{name} was killed: it did not end by itself" if killed else f"{name} has ended")
