"""Train the four regressors and their vote, save the originals, prove their exports equal, and write the bundles.

Simulated plots also go to the feature store, as the Parquet file it reads. With --data a real table is learnt from:
one with the columns of the service's fields, or any other, whose fields are inferred and written with --write-service.
"""

import json
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from serinus import service as services
from serinus.errors import SerinusError
from serinus.service import Service, bundle_folder
from serinus.tables import table
from serinus.tables.draft import Draft, slug
from serinus.tables.inference import Hints, inferred
from serinus.tables.table import Table as PlotTable
from serinus.tables.table import TableError
from services.nuru import plot_features, plots, simulator
from services.nuru.lesson import Goal, Lesson, of_simulation, of_table
from services.nuru.regressors import ENSEMBLE, MEMBERS
from services.nuru.teaching import Places, Settings, Taught, exported, taught_and_cross_validated, taught_and_held_out

VERSION = "1.0.0"
EVALUATION = "evaluation.json"
PLOTS, SEASONS = 2_000, 3
HERE = Path(__file__).parent / "service.toml"
console = Console(stderr=True, highlight=False)


def main(
    data: Annotated[
        Path | None, typer.Option(help="A real table instead of simulated plots (.csv, .gz, .parquet).")
    ] = None,
    target: Annotated[str, typer.Option(help="The column of the table that is to be predicted.")] = simulator.TARGET,
    unit: Annotated[str | None, typer.Option(help="What it is counted in.")] = None,
    per: Annotated[
        str | None, typer.Option(help="A column to divide it by, such as the area; it is no feature then.")
    ] = None,
    between: Annotated[
        tuple[float, float], typer.Option(help="The least and the most that is possible; other rows are left out.")
    ] = (-np.inf, np.inf),
    apart: Annotated[
        str | None, typer.Option(help="A column whose values are judged by models that have not seen them.")
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="A column that is no feature; may be given again.")
    ] = None,
    words: Annotated[
        list[str] | None, typer.Option(help="A column of codes that look like numbers; may be given again.")
    ] = None,
    missing: Annotated[
        list[str] | None, typer.Option(help="A text that means that there is no value; may be given again.")
    ] = None,
    write_service: Annotated[
        Path | None, typer.Option(help="Infer the fields from the table, and write a service.toml to this folder.")
    ] = None,
    service: Annotated[Path, typer.Option(help="The service.toml whose fields are the table's columns.")] = HERE,
    out: Annotated[Path, typer.Option(help="Where the bundles go.")] = Path("models"),
    originals: Annotated[Path, typer.Option(help="Where the models go in their own formats.")] = Path("originals"),
    features: Annotated[
        Path | None, typer.Option(help="Where the features of simulated plots go; by default where the service looks.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed, the same models.")] = 0,
    replace: Annotated[bool, typer.Option(help="Replace bundles that are there; otherwise that is refused.")] = False,
) -> None:
    """Train the yield regressors on simulated plots, or on a real table with --data, and export them proven equal.

    Simulated yields are judged by plots that were held out, those of a table by 5-fold cross-validation.
    """
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    settings, places, now = Settings(seed=seed), Places(out, originals), datetime.now(UTC)
    try:
        if data is None:
            lesson = _simulation(service, seed)
        else:
            goal = Goal(target, per, between, apart)
            unwanted = {*(leave_out or ()), target, per or target}
            wanted = Wanted(goal, unit, Hints(unwanted, words or (), missing or ()))
            lesson = _lesson(table.read(data), wanted, service, write_service)
        names = _to_make(lesson.service, out, replace=replace)
        taught = _taught(lesson, settings, is_simulated=data is None)
        reports = {name: _exported(taught, name, places, now) for name in names}
        if data is None:
            _keep_features(lesson.service, features, seed, now)
    except SerinusError as error:
        _say(str(error), style="red")
        raise typer.Exit(1) from error
    (originals / EVALUATION).write_text(json.dumps(reports, indent=2))
    Console().print(_summary(reports, lesson.service))


@dataclass(frozen=True)
class Wanted:
    """What is to be learnt of a table, and what is known of its columns."""

    goal: Goal
    unit: str | None
    hints: Hints


def _simulation(file: Path, seed: int) -> Lesson:
    harvests = simulator.harvests(plots.simulate(PLOTS, seed=seed), seasons=SEASONS, seed=seed)
    _say(f"learning from {SEASONS * PLOTS:,} simulated seasons on {PLOTS:,} plots")
    return of_simulation(services.load(file), harvests, f"simulated, seed {seed}")


def _lesson(found: PlotTable, wanted: Wanted, file: Path, write_service: Path | None) -> Lesson:
    for name in filter(None, (wanted.goal.apart, *wanted.hints.unwanted, *wanted.hints.words)):
        found.column(name)  # or a TableError, before anything is written
    if write_service is not None:
        file = _draft(found, wanted).write(write_service)
        _say(f"fields inferred: {file}")
    lesson = of_table(services.load(file), found, wanted.goal)
    for why, rows in lesson.left_out.items():
        _say(f"{rows:,} of {len(found):,} rows are left out: {why}", style="yellow")
    _say(f"learning from {len(lesson):,} rows of {found.source.name}")
    return lesson


def _draft(found: PlotTable, wanted: Wanted) -> Draft:
    fields = inferred(found, wanted.hints)
    for remark in fields.remarks():
        _say(remark, style="yellow")
    about = {"task": "regression", "target": slug(wanted.goal.target, "value"), "unit": wanted.unit}
    return Draft(about, fields, dict.fromkeys((ENSEMBLE, *MEMBERS), VERSION), {"auto": {"by": "r2"}})


def _to_make(service: Service, out: Path, *, replace: bool) -> list[str]:
    """The models that the service names, refused where they are there already."""
    names = [name for name in (ENSEMBLE, *MEMBERS) if name in service.models]
    if not names:
        raise TableError(f"service {service.name} names none of the models {', '.join((ENSEMBLE, *MEMBERS))}")
    folders = [bundle_folder(out, name, service.models[name]) for name in names]
    there = [str(folder) for folder in folders if folder.exists()]
    if there and not replace:
        raise TableError(f"{', '.join(there)} exist, and bundles are immutable: choose another --out, or --replace")
    return names


def _taught(lesson: Lesson, settings: Settings, *, is_simulated: bool) -> Taught:
    with console.status("training") as status:
        if is_simulated:
            return taught_and_held_out(lesson, settings)
        return taught_and_cross_validated(lesson, settings, lambda stage: status.update(f"training: {stage}"))


def _keep_features(service: Service, root: Path | None, seed: int, now: datetime) -> None:
    newest = simulator.newest(plots.simulate(PLOTS, seed=seed), seed=seed)
    where = root or Path(service.features.address if service.features else "features")
    _say(f"features of {PLOTS:,} plots: {plot_features.write(where, now.date(), service, newest)}")


def _exported(taught: Taught, name: str, places: Places, now: datetime) -> dict[str, Any]:
    """Export one model; what the report says of it."""
    with console.status(f"{name}: exporting") as status:
        bundle = exported(taught, name, places, now, lambda stage: status.update(f"{name}: {stage}"))
    _say(f"{name}: R2 {taught.performance[name]['r2']:.3f}, exported to {bundle.folder}")
    return {
        "performance": taught.performance[name],
        "parity": bundle.metadata.parity.model_dump(),
        "training": bundle.metadata.training,
        "bundle": str(bundle.folder),
        "digest": bundle.digest,
    }


def _say(text: str, style: str | None = None) -> None:
    """As it is: names of columns may look like markup, and paths are not to be broken."""
    console.print(text, style=style, markup=False, soft_wrap=True)


def _summary(reports: dict[str, Any], service: Service) -> Table:
    unit = service.service.unit or "the target's unit"
    table = Table("", *reports, title=f"Trained, and exported equal to the originals (rmse, mae, bias in {unit})")
    for figure in next(iter(reports.values()))["performance"]:
        table.add_row(figure, *(f"{report['performance'][figure]:,.3f}" for report in reports.values()))
    parity = [report["parity"] for report in reports.values()]
    table.add_section()
    table.add_row("rows tried", *(f"{one['rows']:,}" for one in parity))
    table.add_row("largest difference", *(f"{one['max_difference']:.1e}" for one in parity))
    return table


if __name__ == "__main__":
    typer.run(main)
