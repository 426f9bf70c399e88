"""Two versions on one screen of 100 columns and 50 rows."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from pydantic import JsonValue
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from serinus.cli.models.answers import answers
from serinus.cli.models.verdicts import change_of, told
from serinus.errors import short
from serinus.registry.compare import Comparison, Side

WIDTH = 100
MOST_TRAINING, MOST_FIGURES = 4, 6
Line = tuple[str | Text, ...]


def screen(comparison: Comparison) -> Group:
    first, second = comparison.first, comparison.second
    parts: list[Any] = [_facts(comparison), _schema(comparison.schema)]
    match comparison.predictions:
        case str(reason):
            parts.append(Text(f"predictions not compared: {reason}", "yellow"))
        case answered:
            parts += answers(answered, comparison.source, (first.metadata.version, second.metadata.version))
    return Group(*parts)


def _facts(comparison: Comparison) -> Table:
    first, second = comparison.first, comparison.second
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    widths = {"": 11, " ": 18, short(first.name): 22, short(second.name) + " ": 22, "change": 15}
    for header, width in widths.items():
        table.add_column(header, overflow="ellipsis", no_wrap=True, width=width)
    group: str | Text = ""
    for line in _lines(comparison):
        table.add_row(line[0] if line[0] != group else "", *line[1:])
        group = line[0]
    return table


def _lines(comparison: Comparison) -> Iterator[Line]:
    first, second = comparison.first, comparison.second
    same = "the same" if first.digest == second.digest else ""
    yield "what", "digest", first.digest[:12], second.digest[:12], same
    yield "", "exported", *(f"{side.metadata.created_at:%Y-%m-%d %H:%M}" for side in (first, second)), ""
    yield "", "framework", *(_framework(side) for side in (first, second)), ""
    yield from _training(comparison)
    yield from _performance(first, second)
    yield from _parity(first, second)
    yield "size", "model.onnx", *_numbers(first.model_bytes / 1e3, second.model_bytes / 1e3, "{:,.0f} KB")
    yield "size", "all files", *_numbers(first.bundle_bytes / 1e3, second.bundle_bytes / 1e3, "{:,.0f} KB")
    yield from _speed(first, second)


def _framework(side: Side) -> str:
    made_smaller = side.metadata.quantization
    return f"{side.metadata.framework} {side.metadata.framework_version}" + (
        f", {made_smaller.method}" if made_smaller else ""
    )


def _training(comparison: Comparison) -> Iterator[Line]:
    def line(key: str) -> Line:
        was, becomes = comparison.training[key]
        return "training", short(key), told(was), told(becomes), _change(was, becomes, "{:+,.6g}")

    yield from _most(MOST_TRAINING, [line(key) for key in comparison.training])


def _performance(first: Side, second: Side) -> Iterator[Line]:
    ours, theirs = first.metadata.performance, second.metadata.performance

    def line(figure: str) -> Line:
        was, becomes = ours.get(figure), theirs.get(figure)
        return "performance", short(figure), told(was), told(becomes), change_of(figure, was, becomes)

    yield from _most(MOST_FIGURES, [line(figure) for figure in {**ours, **theirs}])


def _parity(first: Side, second: Side) -> Iterator[Line]:
    ours, theirs = first.metadata.parity, second.metadata.parity
    yield "parity", "rows tried", f"{ours.rows:,}", f"{theirs.rows:,}", ""
    yield "parity", "largest difference", f"{ours.max_difference:.2g}", f"{theirs.max_difference:.2g}", ""
    if "classification" in (first.metadata.output_schema.task, second.metadata.output_schema.task):
        yield "parity", "labels flipped", f"{ours.label_flips}", f"{theirs.label_flips}", ""


def _speed(first: Side, second: Side) -> Iterator[Line]:
    ours, theirs = first.speed, second.speed
    if ours is None or theirs is None:
        return
    yield "speed here", "one row, p50", *_numbers(ours.p50_ms, theirs.p50_ms, "{:.3f} ms")
    yield "speed here", "256 rows at once", *_numbers(ours.batch_rows_per_s, theirs.batch_rows_per_s, "{:,.0f} rows/s")
    yield "speed here", "to load", *_numbers(ours.load_ms, theirs.load_ms, "{:.0f} ms")
    yield "speed here", "memory", *_numbers(ours.memory_mb, theirs.memory_mb, "{:.0f} MB")


def _numbers(was: float, becomes: float, form: str) -> tuple[str, str, str]:
    percent = f"{100 * (becomes / was - 1):+.1f} %" if was else ""
    return form.format(was), form.format(becomes), percent


def _change(was: JsonValue, becomes: JsonValue, form: str) -> str:
    numbers = [value for value in (was, becomes) if isinstance(value, int | float) and not isinstance(value, bool)]
    return form.format(numbers[1] - numbers[0]) if len(numbers) == 2 else ""


def _most(most: int, lines: Sequence[Line]) -> Iterator[Line]:
    """The first lines, and how many more there are."""
    yield from islice(lines, most)
    if len(lines) > most:
        yield lines[0][0], f"... and {len(lines) - most} more", "", "", ""


def _schema(changes: Iterable[str]) -> Text:
    found = "; ".join(changes)
    if not found:
        return Text("schema: the same for every caller", "green")
    text = Text(f"schema, which demands a new MAJOR version: {found}", "red")
    text.truncate(2 * WIDTH, overflow="ellipsis")
    return text
