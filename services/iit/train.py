"""Train the risk model, calibrate it, save it in its own format, prove the export equal to it, and write the bundle."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serinus import service as services
from serinus.errors import SerinusError
from serinus.tables import draft
from serinus.tables.table import TableError
from services.iit import own_table, patient_files
from services.iit.lesson import Lesson, Wishes, of_cohort
from services.iit.simulator import simulate
from services.iit.teaching import Finished, Places, exported, judged, model_of, taught

VISITS = 30_000
OWN = Path(__file__).parent / draft.FILE
JUDGE_BY = ("sex", "age_years", "dsd_model", "facility_type", "state")
console = Console(stderr=True, highlight=False)
Again = list[str] | None


def main(
    data: Annotated[
        Path | None, typer.Option(help="A table instead of simulated visits: .csv, .csv.gz, .parquet.")
    ] = None,
    target: Annotated[str, typer.Option(help="The column of the table that is to be predicted.")] = "interrupted",
    positive: Annotated[
        str | None, typer.Option(help="What that says where it happened; 1, if it says 0 and 1.")
    ] = None,
    labels: Annotated[str | None, typer.Option(help="What answers call the two outcomes: OTHER,HAPPENED.")] = None,
    group: Annotated[
        str | None, typer.Option(help="The column that says whose row each is, if people have many.")
    ] = None,
    leave_out: Annotated[Again, typer.Option(help="A column that is no feature; may be given again.")] = None,
    words: Annotated[Again, typer.Option(help="A column of codes that look like numbers; may be given again.")] = None,
    without: Annotated[Again, typer.Option(help="Rows to leave out: COLUMN=WORD,WORD; may be given again.")] = None,
    missing: Annotated[str, typer.Option(help="Texts that mean that there is no value, with commas between.")] = "?",
    service: Annotated[Path | None, typer.Option(help="The service.toml whose fields the data has.")] = None,
    write_service: Annotated[
        Path | None, typer.Option(help="Infer the fields from the table, and write service.toml to this folder.")
    ] = None,
    judge_by: Annotated[
        Again, typer.Option(help="A feature whose groups are judged alone; may be given again.")
    ] = None,
    visits: Annotated[int, typer.Option(min=1_000, help="How many visits to simulate.")] = VISITS,
    out: Annotated[Path, typer.Option(help="Where the bundle goes.")] = Path("models"),
    originals: Annotated[Path, typer.Option(help="Where the model goes in its own format.")] = Path("originals"),
    seed: Annotated[int, typer.Option(help="The same seed, the same model.")] = 0,
    replace: Annotated[bool, typer.Option(help="Replace a bundle that is there; otherwise that is refused.")] = False,
) -> None:
    """Train a calibrated risk on simulated visits, or on a table with --data, and export it proven equal."""
    places = Places(out, originals, replace)
    try:
        if data is None:
            lesson = _simulated(visits, services.find(str(service or OWN)), places, seed=seed)
        else:
            wishes = Wishes(
                data=data,
                target=target,
                positive=positive,
                labels=_pair(labels),
                group=group,
                leave_out=leave_out or (),
                words=words or (),
                missing=_listed(missing),
                without=_rows(without or ()),
            )
            lesson = _tabled(wishes, _one(service, write_service), places, seed=seed)
        report = _taught(lesson, judge_by or (JUDGE_BY if data is None else ()), places, seed=seed)
    except SerinusError as error:
        console.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        raise typer.Exit(1) from error
    Console().print(_summary(report))


def _simulated(visits: int, file: Path, places: Places, *, seed: int) -> Lesson:
    own = services.load(file)
    places.refuse(*model_of(own))
    cohort = simulate(visits, seed=seed)
    lesson = of_cohort(cohort, own, seed=seed)
    patient_files.write(places.originals, cohort.only(lesson.places[lesson.split.held_out]), own)
    return lesson


def _tabled(wishes: Wishes, place: Path, places: Places, *, seed: int) -> Lesson:
    """A lesson by the service.toml at `place`, or one whose fields are inferred if that is a folder to write to."""
    if place.suffix == ".toml":
        places.refuse(*model_of(services.load(place)))
        return own_table.by_service(wishes, place, seed=seed)
    draft.place(place)  # or a TableError, before anything is read
    places.refuse(own_table.MODEL, own_table.VERSION)
    return own_table.by_itself(wishes, place, console, seed=seed)


def _one(service: Path | None, folder: Path | None) -> Path:
    if service is not None and folder is None:
        return services.find(str(service))
    if folder is not None and service is None:
        return folder
    raise TableError("say what the columns are with --service FILE, or have it inferred with --write-service DIR")


def _taught(lesson: Lesson, judge_by: Sequence[str], places: Places, *, seed: int) -> dict[str, Any]:
    console.print(f"learning from {len(lesson.visits):,} rows: {lesson.origin.name}")
    for field, count in lesson.bad.items():
        console.print(f"left out {count:,} rows: {field} is not what the service says")
    with console.status("training"):
        result = taught(lesson, seed=seed)
    report = judged(lesson, result, judge_by)
    with console.status("exporting") as status:
        bundle = exported(Finished(lesson, result, report), places, datetime.now(UTC), status.update)
    console.print(f"exported to {bundle.folder}")
    return report


def _summary(report: Mapping[str, Any]) -> Table:
    table = Table("held-out rows", "calibrated", "before", title="How good the risk is")
    for figure, value in report["performance"].items():
        table.add_row(figure, f"{value:.4f}", f"{report['before_calibration'][figure]:.4f}")
    return table


def _listed(texts: str) -> list[str]:
    return [text for text in texts.split(",") if text]


def _pair(labels: str | None) -> tuple[str, str] | None:
    if labels is None:
        return None
    if len(said := labels.split(",")) != 2 or len({*said, ""}) != 3:
        raise TableError(f"expected two different labels with a comma between, got {labels}")
    return said[0], said[1]


def _rows(without: Sequence[str]) -> dict[str, list[str]]:
    """COLUMN=WORD,WORD as a mapping."""
    if wrong := [text for text in without if "=" not in text]:
        raise TableError(f"expected --without COLUMN=WORD,WORD, got {wrong[0]}")
    rows: dict[str, list[str]] = {}
    for column, _, words in (text.partition("=") for text in without):
        rows.setdefault(column, []).extend(words.split(","))  # an empty one is a cell that says nothing
    return rows


if __name__ == "__main__":
    typer.run(main)
