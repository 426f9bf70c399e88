"""`serinus new`: a service.toml for a table."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from serinus.cli.options import JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table as Shown

    from serinus.fields import AnyField
    from serinus.service import Service
    from serinus.tables.draft import Draft
    from serinus.tables.inference import Inferred
    from serinus.tables.target import Target

VERSION = "1.0.0"
WORDS_SHOWN = 6
Again = list[str] | None


def new(
    name: Annotated[str, typer.Argument(help="What the service is to be called: its folder in services/.")],
    *,
    data: Annotated[Path, typer.Option(help="A table, a row for each thing to predict: .csv, .csv.gz, .parquet.")],
    target: Annotated[str, typer.Option(help="The column of the table that is to be predicted.")],
    task: Annotated[
        Literal["classification", "regression"] | None,
        typer.Option(
            help="Without it: classification, if the column holds words or few whole numbers such as 0 and 1."
        ),
    ] = None,
    unit: Annotated[str | None, typer.Option(help="What a value to predict is counted in, such as kWh.")] = None,
    leave_out: Annotated[
        Again, typer.Option(help="A column that is no feature, such as an id, or what is known afterwards only; again.")
    ] = None,
    words: Annotated[Again, typer.Option(help="A column of codes that look like numbers; may be given again.")] = None,
    missing: Annotated[Again, typer.Option(help="A text that means that there is no value; again for more.")] = None,
    personal: Annotated[
        bool, typer.Option("--personal", help="It is about people: no error or log says what a request said.")
    ] = False,
    model: Annotated[str, typer.Option(help="What the service's model is to be called.")] = "xgboost",
    into: Annotated[Path, typer.Option(help="The folder of services.")] = Path("services"),
    as_json: JsonOption = False,
) -> None:
    """Write services/NAME/service.toml for a table: its columns become fields that requests and files are checked by.

    Whether a column holds numbers, words, truths or dates, what may be missing, and what is better left out is read off
    its cells, and shown with the reasons. The file is a start: correct it, above all ranges and units, and leave out
    what is known only after the fact. One that is there is never written over.

    Try: serinus new solar --data roofs.csv --target kwh --unit kWh
    """
    from rich.console import Console

    from serinus.tables.draft import Draft, place, slug
    from serinus.tables.inference import Hints, inferred
    from serinus.tables.table import read
    from serinus.tables.target import target_of

    place(into / name)  # or a TableError, before the table is read
    table = read(data)
    told = target_of(table, target, task, missing or ())
    unwanted = {target, *(leave_out or ())}
    for column in (*unwanted, *(words or ())):
        table.column(column)
    found = inferred(table, Hints(unwanted, words or (), missing or ()))
    value = {"target": slug(target, "value"), "unit": unit}
    about = {"task": told.task, **({"labels": list(told.labels)} if told.labels else value)}
    draft = Draft(about, found, {model: VERSION}, {"privacy": {"personal": True}} if personal else {})
    _check_names(draft.service(name))
    file = draft.write(into / name)
    remarks = [*_about(told, len(table)), *found.remarks()]
    steps = [*_next(str(file) if into != Path("services") else name, data, told, model)]
    if as_json:
        print(json.dumps({"file": str(file), "rows": len(table), **_facts(draft, remarks, steps)}))
        return
    console = Console()
    console.print(_shown(found, f"{name}: {len(found.fields)} fields from {len(table):,} rows of {data.name}"))
    for remark in remarks:
        console.print(remark, style="yellow", markup=False, soft_wrap=True)
    told_next = [f"Written: {file}. Read it and correct it; then:", *(f"  {step}" for step in steps)]
    console.print("\n".join(told_next), markup=False, soft_wrap=True)


def _check_names(service: "Service") -> None:
    """Refuse fields that are called what requests call something else: nobody could ever serve them."""
    from functions.predict.record_json import check_names
    from serinus.errors import ServiceError

    try:
        check_names(service)
    except ServiceError as error:
        raise ServiceError(f"{error}; rename the column, or leave it out with --leave-out") from error


def _about(told: "Target", rows: int) -> "Iterator[str]":
    """What is to be predicted, and in how many rows nobody knows."""
    if told.labels:
        shares = ", ".join(f"{label} {count / (rows - told.lacking):.1%}" for label, count in told.counts.items())
        yield f"column {told.name!r} says the class: {shares}; in the file, rename labels and keep their order"
    else:
        numbers = [*map(float, told.counts)]
        yield f"column {told.name!r} says the value: {min(numbers):.6g} to {max(numbers):.6g}"
    if told.lacking:
        yield f"column {told.name!r} says nothing in {told.lacking:,} of {rows:,} rows: leave these out in training"


def _next(service: str, data: Path, told: "Target", model: str) -> "Iterator[str]":
    """The commands that come after, and what to write before them."""
    name, file, column = map(shlex.quote, (service, str(data), told.name))
    labels = f" --labels {shlex.quote(','.join(told.labels))}" if told.labels else ""
    yield "write train.py next to it: fit a model to the rows of serinus.tables.rows.rows_of; see docs/new-service.md"
    yield (
        f"serinus export MODEL_FILE --name {shlex.quote(model)} --version {VERSION} --service {name}{labels} "
        f"--sample {file} --target {column}"
    )
    yield f"serinus preflight {name}"
    yield f"serinus serve {name}"
    yield f"serinus score {file} --service {name} --out scored"


def _shown(found: "Inferred", title: str) -> "Shown":
    from rich.markup import escape
    from rich.table import Table as Shown

    table = Shown("field", "type", title=escape(title))
    table.add_column("range or words", overflow="fold")
    table.add_column("missing", justify="right")
    for field in found.fields:
        lacking = found.lacking.get(field.name)
        cells = (field.name, _kind(field), _range(field), "" if lacking is None else f"{lacking:.1%}")
        table.add_row(*map(escape, cells))
    return table


def _kind(field: "AnyField") -> str:
    return str(getattr(field, "type", "derived"))


def _range(field: "AnyField") -> str:
    from serinus.fields import GivenField

    if not isinstance(field, GivenField):
        return field.meaning
    if not field.values:
        return field.description.removesuffix(" in the table")
    more = f" and {len(field.values) - WORDS_SHOWN} more" if len(field.values) > WORDS_SHOWN else ""
    others = "; others are unknown" if field.others == "unknown" else ""
    return ", ".join(field.values[:WORDS_SHOWN]) + more + others


def _facts(draft: "Draft", remarks: list[str], steps: list[str]) -> dict[str, object]:
    found = draft.found
    fields = [
        field.model_dump(mode="json", exclude_defaults=True)
        | {"type": _kind(field), "missing_share": found.lacking.get(field.name)}
        for field in found.fields
    ]
    return {
        **draft.about,
        "fields": fields,
        "left_out": dict(found.left_out),
        "missing": sorted(found.missing),
        "remarks": remarks,
        "next": steps,
    }
