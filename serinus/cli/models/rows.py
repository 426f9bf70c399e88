"""The rows of a file, for two models to answer."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from serinus.bulk.chunk import Origin, Reading
from serinus.bulk.columns import match, match_fields
from serinus.bulk.score import rounded
from serinus.bulk.sources import Cut, Source, open_source
from serinus.cli.models.truth import array_of, truth_of
from serinus.cli.predict import rows_of
from serinus.cli.records import form_of
from serinus.errors import JobError
from serinus.metadata import Metadata
from serinus.registry.compare import Asked
from serinus.registry.predictions import Block

ARRAYS = (".npz", ".npy", ".json")


def rows_to_ask(file: Path, models: tuple[Metadata, Metadata], target: str | None = None) -> Asked:
    """Rows as the first model names its features; missing values are read if one of the two knows what to do.

    target: the column that holds the truth
    """
    lenient = next((metadata for metadata in models if metadata.nan_policy == "allow"), models[0])
    metadata = models[0].model_copy(update={"nan_policy": lenient.nan_policy})
    return Asked(f"rows of {file.name}", _blocks(file, metadata, target))


def _blocks(file: Path, metadata: Metadata, target: str | None) -> Iterator[Block]:
    if file.suffix in ARRAYS:
        rows = rows_of(file, metadata)
        truth = None if target is None else array_of(file, target, metadata)
        if truth is not None and len(truth) != len(rows):
            raise JobError(f"{file}: {len(rows):,} rows, but {len(truth):,} values of {target!r}")
        yield Block(rows, lambda row: f"row {row}", truth=truth)
        return
    with tempfile.TemporaryDirectory(prefix="serinus-compare-") as scratch:
        yield from _chunks(open_source(file, Cut()), metadata, target, Path(scratch))


def _chunks(source: Source, metadata: Metadata, target: str | None, scratch: Path) -> Iterator[Block]:
    keep = () if target is None else (target,)
    for chunk in source.chunks(_reading(source, metadata, keep, scratch)):
        contents = chunk.read()
        yield Block(np.empty((0, metadata.input_schema.features), np.float32), str, unreadable=len(contents.bad))
        truth = None if target is None else truth_of(contents.ids.column(target), target, metadata)
        start = 0
        for numbers in contents.blocks():
            some = None if truth is None else truth[start : start + len(numbers)]
            yield Block(rounded(numbers), partial(_called, source, contents.origin, start), truth=some)
            start += len(numbers)


def _reading(source: Source, metadata: Metadata, keep: tuple[str, ...], scratch: Path) -> Reading:
    schema, form = metadata.input_schema, form_of(metadata)
    if form is not None:
        columns = match_fields(source.found, form, keep=keep, taken=())
        return Reading(columns, metadata.nan_policy, scratch, 1, form=form)
    columns = match(source.found, schema, keep=keep, taken=())
    return Reading(columns, metadata.nan_policy, scratch, 1, schema.categories_by_place)


def _called(source: Source, origin: Callable[[int], Origin], start: int, row: int) -> str:
    """As the quarantine of a bulk job counts: lines of a text file, rows of a Parquet file, from 1."""
    return f"{'row' if source.format == 'parquet' else 'line'} {origin(start + row).line}"
