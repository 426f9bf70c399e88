"""`serinus rollout plan`: what to expect of a rollout, before it begins."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from serinus.cli.options import JsonOption, ServiceArgument
from serinus.cli.rollout.options import RateOption, policy_named

if TYPE_CHECKING:
    from serinus.simulation.planning import Outlook


def shares(text: str) -> list[float]:
    """The numbers in 0.05,0.2,1.0."""
    try:
        told = [float(part) for part in text.split(",")]
    except ValueError:
        told = []
    if not told or not all(0 < share <= 1 for share in told):
        raise typer.BadParameter(f"expected shares above 0 and up to 1 such as 0.05,0.2,1.0, got {text!r}")
    return told


def plan(
    service: ServiceArgument,
    *,
    rate: RateOption,
    broken: Annotated[
        str, typer.Option("--broken", help="Shares of its requests that a broken release fails.")
    ] = "0.05,0.2,1.0",
    harm: Annotated[float, typer.Option("--harm", min=1, help="Spoilt answers that a release may cost.")] = 20,
    runs: Annotated[int, typer.Option("--runs", min=20, help="Simulated rollouts of each kind.")] = 300,
    as_json: JsonOption = False,
) -> None:
    """Say how long each step takes, what is found when, and how many answers a broken release spoils until then.

    The policy is that of the service, whose first weight follows the traffic unless it says "steps". The figures are of
    simulated rollouts, judged by the code that judges real ones.

    Try: serinus rollout plan kepler --rate 100/min --broken 0.05,0.2,1.0 --harm 20
    """
    from rich.console import Console

    from serinus.simulation.planning import outlook

    wanted = shares(broken)
    policy = policy_named(service)
    with Console(stderr=True).status("simulating rollouts"):
        told = outlook(policy, rate, wanted, harm, runs=runs)
    if as_json:
        print(json.dumps(asdict(told)))
    else:
        _show(service, told)


def _show(service: str, told: "Outlook") -> None:
    from rich.table import Table

    from serinus.cli.models.options import console

    out = console()
    steps = Table(
        "step",
        "weight",
        "bakes",
        "requests meanwhile",
        "takes",
        "deadline",
        title=f"{service} at {told.rate_per_min:,g}/min",
    )
    for place, stage in enumerate(told.stages, 1):
        takes = f"{stage.minutes:,.0f} min" if stage.is_possible else f"{stage.minutes:,.0f} min: too long"
        share, requests = f"{stage.weight:.3%}", f"{stage.requests:,.0f}"
        steps.add_row(str(place), share, f"{stage.bake_min:g} min", requests, takes, f"{stage.deadline_min:g} min")
    out.print(steps)
    whole = "never promoted" if told.healthy_min is None else f"promoted after {told.healthy_min:,.0f} minutes"
    out.print(f"A healthy release is {whole}; {told.false_aborts:.1%} are taken back for want of evidence.")
    kinds = Table(
        "a release that", "is rolled back", "is promoted", "after", "spoilt answers", "1 in 10 spoils more than"
    )
    for kind in told.caught:
        after = "" if kind.minutes is None else f"{kind.minutes:,.1f} min"
        spoilt = ["" if value is None else f"{value:,.0f}" for value in (kind.spoilt, kind.spoilt_90)]
        kinds.add_row(kind.kind, f"{kind.found:.1%}", f"{kind.promoted:.1%}", after, *spoilt)
    out.print(kinds)
    out.print(f"A first weight of {told.harmless:.3%} keeps the worst of them within {told.harm:g} spoilt answers.")
    for warning in told.warnings:
        out.print(warning, style="yellow")
