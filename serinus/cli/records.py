"""Rows that `serinus predict` reads by the fields a bundle's features are made of."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serinus.bulk.chunk import Contents
    from serinus.errors import Problem
    from serinus.metadata import Metadata
    from serinus.record import Form
    from serinus.schema import Rows

PROBLEMS_SHOWN = 5


def form_of(metadata: "Metadata") -> "Form | None":
    """What makes rows of records, where the bundle says so."""
    from serinus.record import Form
    from serinus.sections import Input

    schema = metadata.input_schema
    if not schema.fields:
        return None
    return Form.of(Input(fields=schema.fields, missing=frozenset(schema.missing)), metadata.nan_policy)


def rows_of(file: Path, form: "Form", most: int) -> "Rows":
    """The first rows of `file`, `most` of them; InputError when one is bad."""
    return _of_json(file, form, most) if file.suffix == ".json" else _of_file(file, form, most)


def _of_json(file: Path, form: "Form", most: int) -> "Rows":
    import json

    from serinus.bulk.json_columns import columns_of
    from serinus.errors import InputError, Problem
    from serinus.rows import once

    try:
        found = json.loads(file.read_bytes(), object_pairs_hook=once)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError([Problem(str(file), str(error)[:200], "a JSON object, or a list of them")]) from error
    records = (found if isinstance(found, list) else [found])[:most]
    problems = [
        problem for row, record in enumerate(records) for problem in _strange(record, f"{file} row {row}", form)
    ]
    if problems:
        raise InputError(problems[:PROBLEMS_SHOWN])
    columns = columns_of(([record.get(field.name) for field in form.needed] for record in records), form)
    rows = form.rows(columns)
    _check((f"{file} row {row}: ", form.problems(columns, row)) for row in range(len(rows)))
    return rows


def _strange(record: Any, at: str, form: "Form") -> "Iterator[Problem]":
    """What is wrong with the shape of `record`."""
    from serinus.errors import Problem, short, shown
    from serinus.rows import Doubled

    if not isinstance(record, dict):
        yield Problem(at, shown(record), "an object of fields by name")
    elif isinstance(record, Doubled):
        yield from (
            Problem(f"{at}: {short(name)}", f"{times} times", "each name once") for name, times in record.items()
        )
    else:
        known = [field.name for field in form.given]
        strange = (name for name in record if name not in known)
        yield from (
            Problem(f"{at}: {short(name)}", shown(record[name]), f"one of {', '.join(known)}") for name in strange
        )


def _of_file(file: Path, form: "Form", most: int) -> "Rows":
    import tempfile

    import numpy as np

    from serinus.bulk.chunk import Reading
    from serinus.bulk.columns import match_fields
    from serinus.bulk.sources import Cut, open_source

    source, read = open_source(file, Cut()), np.empty((0, len(form.names)), np.float32)
    with tempfile.TemporaryDirectory(prefix="serinus-") as scratch:
        columns = match_fields(source.found, form, keep=(), taken=())
        for chunk in source.chunks(Reading(columns, form.nan_policy, Path(scratch), workers=1, form=form)):
            contents = chunk.read()
            rows = np.asarray(contents.numbers)[: most - len(read)]
            _check(_told(file, contents, len(rows)))
            read = np.concatenate([read, rows])
            if len(read) == most:
                break
    return read


def _told(file: Path, contents: "Contents", rows: int) -> "Iterator[tuple[str, Sequence[Problem]]]":
    """What is wrong with the first `rows`, and with what stands among them and is none."""
    reached = contents.origin(rows - 1).line if rows else 0
    yield from ((f"{file} line {bad.line}: ", bad.problems) for bad in contents.bad if bad.line <= reached or not rows)
    if contents.problems is not None:
        yield from ((f"{file} line {contents.origin(row).line}: ", contents.problems(row)) for row in range(rows))


def _check(told: "Iterator[tuple[str, Sequence[Problem]]]") -> None:
    from dataclasses import replace

    from serinus.errors import InputError

    problems = [replace(problem, field=at + problem.field) for at, wrong in told for problem in wrong]
    if problems:
        raise InputError(problems[:PROBLEMS_SHOWN])
