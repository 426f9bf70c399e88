"""A lesson out of somebody's own table: read by the fields of a service, or by fields that are inferred and written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from serinus import service as services
from serinus.service import Service
from serinus.tables.draft import Draft
from serinus.tables.inference import Hints, Inferred, inferred
from serinus.tables.table import Table, TableError, read
from services.iit.lesson import Lesson, Wishes, of_table
from services.iit.tables import Told, told

MODEL, VERSION = "lightgbm", "1.0.0"
MOST_WORDS = 32  # of the codes of diagnoses more did not help, and every one is a comparison in the graph


def by_service(wishes: Wishes, file: Path, *, seed: int) -> Lesson:
    """The table as the fields of the service in `file`."""
    if wishes.labels or wishes.words or wishes.leave_out:
        raise TableError(f"--labels, --words and --leave-out go with --write-service: {file} itself says these")
    service = services.load(file)
    table = read(wishes.data).without(wishes.without)
    happened = told(table, wishes.target, _meant(service, table, wishes), service.input.missing)
    own = service.features.entity if service.features else None
    if wishes.group is None and own in table.names:
        wishes = replace(wishes, group=own)
    return of_table(table, happened, service, wishes, seed=seed)


def by_itself(wishes: Wishes, folder: Path, console: Console, *, seed: int) -> Lesson:
    """The table as the fields that it seems to have, which go to service.toml in `folder`."""
    table = read(wishes.data).without(wishes.without)
    happened = told(table, wishes.target, wishes.positive, wishes.missing)
    for name in (*wishes.no_features, *wishes.words):
        table.column(name)  # or a TableError
    hints = Hints(wishes.no_features, wishes.words, wishes.missing, MOST_WORDS)
    found = inferred(table, hints)
    for remark in found.remarks():
        console.print(remark, markup=False, soft_wrap=True)
    file = drafted(found, happened, wishes).write(folder)
    return of_table(table, happened, services.load(file), wishes, seed=seed)


def drafted(found: Inferred, happened: Told, wishes: Wishes) -> Draft:
    """Of a service about people, whose bands begin at the table's own share and at twice that."""
    labels = list(wishes.labels or happened.labels)
    medium = min(max(float(np.mean(happened.happened)), 0.001), 0.9)
    high = min(2 * medium, (1 + medium) / 2)
    sections: dict[str, dict[str, object]] = {
        "auto": {"by": "roc_auc"},
        "gateway": {"max_batch_size": 100},
        "privacy": {"personal": True},
        "bands": {"label": labels[1], "from": {"low": 0.0, "medium": round(medium, 3), "high": round(high, 3)}},
    }
    return Draft({"task": "classification", "labels": labels}, found, {MODEL: VERSION}, sections)


def _meant(service: Service, table: Table, wishes: Wishes) -> str | None:
    """The word of the target that stands for the service's second label."""
    last = service.service.labels[-1]
    said = table.texts(wishes.target).unique().to_pylist()
    return wishes.positive or (last if last in said else None)
