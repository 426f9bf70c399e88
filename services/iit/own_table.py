"""A lesson out of somebody's own table: read by the fields of a service, or by fields that are inferred and written."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from rich.console import Console
from rich.markup import escape

from serinus import service as services
from serinus.metadata import NAME
from serinus.service import Service
from services.iit import service_file, tables
from services.iit.forms import TableError
from services.iit.inferred import MOST_WORDS, Inferred, inferred
from services.iit.lesson import Lesson, Wishes, of_table

SERVICE = "service.toml"


def by_service(wishes: Wishes, file: Path, *, seed: int) -> Lesson:
    """The table as the fields of the service in `file`."""
    if wishes.labels or wishes.words or wishes.leave_out:
        raise TableError(f"--labels, --words and --leave-out go with --write-service: {file} itself says these")
    service = services.load(file)
    table = tables.without(tables.read(wishes.data), wishes.without)
    told = tables.told(table, wishes.target, _meant(service, table, wishes), service.input.missing)
    own = service.features.entity if service.features else None
    if wishes.group is None and own in table.column_names:
        wishes = replace(wishes, group=own)
    return of_table(table, told, service, wishes, seed=seed)


def by_itself(wishes: Wishes, folder: Path, console: Console, *, seed: int) -> Lesson:
    """The table as the fields that it seems to have, which go to service.toml in `folder`."""
    file, name = folder / SERVICE, folder.resolve().name
    if not re.fullmatch(NAME, name):
        raise TableError(f"the folder names the service, and {name!r} must be lowercase letters, digits, _ and -")
    if file.exists():
        raise TableError(f"{file} exists: train with --service {file}, or remove it to have the fields inferred again")
    table = tables.without(tables.read(wishes.data), wishes.without)
    told = tables.told(table, wishes.target, wishes.positive, wishes.missing)
    for column in (*wishes.no_features, *wishes.words):
        tables.column(table, column)
    found = inferred(table.drop_columns(wishes.no_features), words=wishes.words, missing=wishes.missing)
    _say(found, console)
    if not found.fields:
        raise TableError(f"{wishes.data} has no column that could be a feature")
    labels, share = wishes.labels or told.labels, float(told.happened.mean())
    text = service_file.written(name, labels, found, missing=wishes.missing, share=share)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return of_table(table, told, services.load(file), wishes, seed=seed)


def _meant(service: Service, table: pa.Table, wishes: Wishes) -> str | None:
    """The word of the target that stands for the service's second label."""
    last = service.service.labels[-1]
    said: Sequence[str] = tables.column(table, wishes.target).unique().to_pylist()
    return wishes.positive or (last if last in said else None)


def _say(found: Inferred, console: Console) -> None:
    for column, why in found.left_out.items():
        console.print(f"left out {escape(column)}: {why}", soft_wrap=True)
    for column in found.suspect:
        console.print(
            f"{escape(column)} reads as an id: is it --group {escape(column)}, or --leave-out?", soft_wrap=True
        )
    for column, count in found.cut.items():
        console.print(
            f"{escape(column)}: the most frequent {MOST_WORDS} of {count} words, others are unknown", soft_wrap=True
        )
