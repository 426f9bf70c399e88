"""`serinus rollout simulate`: what the judge makes of releases that are healthy, broken, slow, or merely unlucky."""

import json
import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serinus.cli.options import JsonOption
from serinus.cli.rollout.depict import check, depict
from serinus.cli.rollout.options import SeedOption, per_minute, policy_named

if TYPE_CHECKING:
    from rich.table import Table

    from serinus.policy import Policy
    from serinus.simulation.run import Plan
    from serinus.simulation.scenario import Scenario
    from serinus.simulation.table import Row

WIDE = 150  # columns of a table that goes into a file
RATES = (20.0, 100.0, 1000.0, 60_000.0)


class Mode(StrEnum):
    SEQUENTIAL = "sequential"
    NAIVE = "naive"
    BOTH = "both"


def simulate(
    *,
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="A scenario's name, or a .toml file. Several if repeated.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All scenarios: the acceptance table.")] = False,
    rate: Annotated[
        list[float] | None,
        typer.Option("--rate", parser=per_minute, metavar="N/min", help="Requests a minute. Several if repeated."),
    ] = None,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Rollouts of each.")] = 200,
    seed: SeedOption = 1,
    mode: Annotated[
        Mode | None, typer.Option(help="Evidence, the documents' plain thresholds, or both side by side.")
    ] = None,
    service: Annotated[
        str | None, typer.Option("--service", "-s", help="Whose rollout policy is played; without one, the default.")
    ] = None,
    watch_h: Annotated[float, typer.Option("--watch-h", min=0, help="Hours to go on after promotion.")] = 0,
    look_s: Annotated[int, typer.Option("--look-s", min=10, help="Seconds between looks, a multiple of 10.")] = 10,
    chart: Annotated[
        Path | None,
        typer.Option("--chart", help="Draw one run, as .png or as a .html page; of several scenarios, how they end."),
    ] = None,
    record: Annotated[
        Path | None, typer.Option("--record", help="Write one run as JSON lines, for serinus rollout replay.")
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="Processes; by default one a core.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Play a scenario many times and count the verdicts; without one, list the scenarios.

    The very code that judges live traffic judges here: 1,000 rollouts take seconds. The default policy begins with 10 %
    however little traffic there is; that of a service follows the traffic.

    --all plays every scenario at 20, 100, 1,000 and 60,000 requests a minute, with the plain thresholds beside. Exit
    code 1: something came out that must not.

    Try: serinus rollout simulate --scenario errors-20 --rate 100/min --runs 1000
    """
    from serinus.simulation.scenario import catalogue, found

    if look_s % 10:
        raise typer.BadParameter(f"expected seconds between looks in tens, got {look_s}")
    scenarios = list(catalogue().values()) if everything else [found(name) for name in scenario or ()]
    if not scenarios:
        _list(catalogue(), as_json=as_json)
        return
    rates = rate or (list(RATES) if everything else [100.0])
    policies = _policies(_policy(service), mode or (Mode.BOTH if everything else Mode.SEQUENTIAL))
    is_one = len(scenarios) == 1
    check(chart, record, is_one=is_one)
    if record is not None or (chart is not None and is_one):
        per_min = scenarios[0].rate_per_min or rates[0]
        [[one_run]] = _alike(scenarios[0], policies[0], [per_min], runs=1, seed=seed, look_s=look_s, watch_h=watch_h)
        depict(one_run, chart=chart if is_one else None, record=record)
    groups = [
        _alike(
            one,
            policy,
            [one.rate_per_min] if one.rate_per_min else rates,
            runs=runs,
            seed=seed,
            look_s=look_s,
            watch_h=watch_h,
        )
        for one in scenarios
        for policy in policies
    ]
    rows = _played([group for alike in groups for group in alike], jobs or os.cpu_count() or 1)
    told = [row.to_dict() for row in rows]
    if chart is not None and not is_one:
        from serinus.simulation.outcomes_chart import outcomes_png

        outcomes_png(told, chart)
    if as_json:
        print(json.dumps(told if len(told) > 1 else told[0]))
    else:
        _show(rows)
    if any(row.wrong for row in rows) and service is None:
        raise typer.Exit(1)


def _policy(service: str | None) -> "Policy":
    policy = policy_named(service)
    return policy.model_copy(update={"first_weight": "steps"}) if service is None else policy


def _policies(policy: "Policy", mode: Mode) -> "list[Policy]":
    both = {Mode.SEQUENTIAL: [policy], Mode.NAIVE: [policy.naive()], Mode.BOTH: [policy, policy.naive()]}
    return both[mode]


def _alike(
    scenario: "Scenario", policy: "Policy", rates: Sequence[float], *, runs: int, seed: int, look_s: int, watch_h: float
) -> "list[list[Plan]]":
    """The plans at these rates: few runs together, which is faster; many, or with other policies, each by itself."""
    from serinus.simulation.run import ABREAST, Plan

    plans = [Plan(scenario, policy.at(rate), rate, runs, seed, look_s, watch_h) for rate in rates]
    is_alike = all(plan.policy == plans[0].policy for plan in plans)
    return [plans] if is_alike and runs * len(plans) <= ABREAST else [[plan] for plan in plans]


def _played(groups: "Sequence[Sequence[Plan]]", jobs: int) -> "list[Row]":
    """The rows of all plans, in their order, while a bar tells how far it is."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from rich.console import Console
    from rich.progress import track

    from serinus.simulation.table import rows

    console, told = Console(stderr=True), "simulating"
    if jobs == 1 or len(groups) == 1:
        return [row for group in track(groups, told, console=console, transient=True) for row in rows(group)]
    with ProcessPoolExecutor(min(jobs, len(groups)), mp_context=get_context("spawn")) as pool:
        done = track(pool.map(rows, groups), told, total=len(groups), console=console, transient=True)
        return [row for group in done for row in group]


def _list(scenarios: "dict[str, Scenario]", *, as_json: bool) -> None:
    from rich.table import Table

    from serinus.cli.models.options import console

    if as_json:
        print(json.dumps({name: one.about for name, one in scenarios.items()}))
        return
    table = Table("--scenario", "what happens", "right is", title="Scenarios")
    for name, one in scenarios.items():
        table.add_row(name, one.about, one.expect)
    console().print(table)


def _show(rows: "Sequence[Row]") -> None:
    from serinus.cli.models.options import console

    out = console(None if sys.stdout.isatty() else WIDE)
    out.print(_table(rows))
    for row in rows:
        for wrong in row.wrong:
            out.print(f"{row.scenario} at {row.rate_per_min:,g}/min: {wrong}", style="red")


def _table(rows: "Sequence[Row]") -> "Table":
    from rich.table import Table

    shares = ("promoted", "rolled back", "in step 1", "aborted")
    table = Table(
        "scenario", "req/min", "judge", *shares, "minutes", "spoilt", "alerts", title=f"{rows[0].runs:,} rollouts each"
    )
    for row in rows:
        ends = [f"{row.share(name):.1f} %" for name in ("promote", "rollback")]
        first = f"{100 * row.in_first_step / row.runs:.1f} %"
        aborted = f"{row.share('abort') + row.share('hold'):.1f} %"
        medians = ["" if value is None else f"{value:,.1f}" for value in (row.minutes, row.spoilt)]
        told = ((name.replace("_", " "), 100 * times / row.runs) for name, times in row.alerts.items())
        alerts = ", ".join(f"{name} {share:.0f} %" for name, share in told)
        style = "red" if row.wrong else ("dim" if row.mode == "naive" else "")
        table.add_row(
            row.scenario, f"{row.rate_per_min:,g}", row.mode, *ends, first, aborted, *medians, alerts, style=style
        )
    return table
