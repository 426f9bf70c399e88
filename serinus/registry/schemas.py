"""What a caller of a model would notice of a change of its schema; such a change demands a new MAJOR version."""

from collections.abc import Iterator

from serinus.category import Category
from serinus.metadata import Metadata
from serinus.names import difference
from serinus.schema import ClassificationSchema, InputSchema, OutputSchema


def changes(earlier: Metadata, later: Metadata) -> list[str]:
    """Why a caller of `earlier` may not be served by `later`, each with what it was and what it is; or nothing."""
    return [
        *_input(earlier.input_schema, later.input_schema),
        *_missing_values(earlier, later),
        *_output(earlier.output_schema, later.output_schema),
    ]


def _input(earlier: InputSchema, later: InputSchema) -> Iterator[str]:
    if earlier.features != later.features:
        yield f"features: {earlier.features} -> {later.features}"
    if found := difference(earlier.names, later.names):
        yield f"names of the features: {found}"
    for name in sorted(earlier.categories.keys() | later.categories.keys()):
        was, becomes = earlier.categories.get(name), later.categories.get(name)
        if was != becomes and name in earlier.names and name in later.names:
            yield f"categories of {name}: {_words(was, becomes)}"
    for name, (meant, means) in earlier.remade(later).items():
        if earlier.categories.get(name) == later.categories.get(name):
            yield f"what {name} means: {meant} -> {means}"


def _words(was: Category | None, becomes: Category | None) -> str:
    if was is None or becomes is None:
        return f"{_kind(was)} -> {_kind(becomes)}"
    found = difference(was.words, becomes.words)
    return found or f"unknown words: {was.others} -> {becomes.others}"


def _kind(category: Category | None) -> str:
    return "a number" if category is None else f"{len(category.words)} words"


def _missing_values(earlier: Metadata, later: Metadata) -> Iterator[str]:
    """To take missing values from now on breaks nobody."""
    if (earlier.nan_policy, later.nan_policy) == ("allow", "reject"):
        yield "missing values: allow -> reject"


def _output(earlier: OutputSchema, later: OutputSchema) -> Iterator[str]:
    if isinstance(earlier, ClassificationSchema) and isinstance(later, ClassificationSchema):
        if found := difference(earlier.labels, later.labels):
            yield f"labels: {found}"
    elif earlier.task != later.task:
        yield f"task: {earlier.task} -> {later.task}"
    elif earlier != later:
        yield f"output: {_told(earlier)} -> {_told(later)}"


def _told(output: OutputSchema) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in output.model_dump().items() if name != "task")
