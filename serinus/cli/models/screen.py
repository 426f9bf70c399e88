"""Two versions on one screen of 100 columns and 50 rows, and as a picture."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from pydantic import JsonValue
from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from serinus.errors import short
from serinus.registry.compare import Comparison, Side
from serinus.registry.predictions import Predictions

WIDTH = 100
MOST_TRAINING, MOST_FIGURES, MOST_LABELS, MOST_FLIPS = 4, 6, 6, 6
LONGEST = 20
SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
Line = tuple[str, ...]


def screen(comparison: Comparison) -> Group:
    first, second = comparison.first, comparison.second
    parts: list[Any] = [_facts(comparison), _schema(comparison.schema)]
    match comparison.predictions:
        case str(reason):
            parts.append(Text(f"predictions not compared: {reason}", "yellow"))
        case answered:
            parts += [_headline(comparison.source, answered), _matrix(answered, first, second), _largest(answered)]
    return Group(*(part for part in parts if part is not None))


def picture(comparison: Comparison, title: str) -> str:
    """The screen as SVG, which needs nothing from elsewhere to be shown."""
    console = Console(
        width=WIDTH,
        record=True,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        markup=False,
        emoji=False,
        highlight=False,
    )
    console.print(screen(comparison))
    return console.export_svg(title=title, code_format=SVG, unique_id="screen")


def _facts(comparison: Comparison) -> Table:
    first, second = comparison.first, comparison.second
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    widths = {"": 11, " ": 18, short(first.name): 24, short(second.name) + " ": 24, "change": 13}
    for header, width in widths.items():
        table.add_column(header, overflow="ellipsis", no_wrap=True, width=width)
    group = ""
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
        return "training", short(key), _told(was), _told(becomes), _change(was, becomes, "{:+,.6g}")

    yield from _most(MOST_TRAINING, [line(key) for key in comparison.training])


def _performance(first: Side, second: Side) -> Iterator[Line]:
    ours, theirs = first.metadata.performance, second.metadata.performance

    def line(figure: str) -> Line:
        change = _change(ours.get(figure), theirs.get(figure), "{:+.4f}")
        return "performance", short(figure), _told(ours.get(figure)), _told(theirs.get(figure)), change

    yield from _most(MOST_FIGURES, [line(figure) for figure in {**ours, **theirs}])


def _parity(first: Side, second: Side) -> Iterator[Line]:
    ours, theirs = first.metadata.parity, second.metadata.parity
    yield "parity", "rows tried", f"{ours.rows:,}", f"{theirs.rows:,}", ""
    yield "parity", "largest difference", f"{ours.max_difference:.2g}", f"{theirs.max_difference:.2g}", ""
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


def _told(value: JsonValue) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "-" if value is None else short(str(value))


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


def _headline(source: str, answered: Predictions) -> Text:
    what = "the same label" if answered.flips else "the same value, within 1 % of their spread"
    skipped = f", {answered.refused:,} more refused" if answered.refused else ""
    return Text(
        f"\n{answered.rows:,} {source}{skipped}: {100 * answered.agreement:.2f} % {what}; "
        f"apart by {answered.median:.2g} (median), {answered.p95:.2g} (95 %)",
        "bold",
    )


def _matrix(answered: Predictions, first: Side, second: Side) -> Table | None:
    """Rows: what the first says; columns: what the second says. The most frequent flips where labels are many."""
    ours, theirs = answered.labels
    if not answered.flips:
        return None
    if max(len(ours), len(theirs)) > MOST_LABELS:
        return _flips(answered)
    table = Table(f"{first.metadata.version} \\ {second.metadata.version}", box=box.SIMPLE_HEAD, show_edge=False)
    for label in theirs:
        table.add_column(_cut(label), justify="right")
    for label, counts in zip(ours, answered.flips, strict=True):
        cells = [_cell(count, same=label == other) for other, count in zip(theirs, counts, strict=True)]
        table.add_row(_cut(label), *cells)
    return table


def _flips(answered: Predictions) -> Table:
    ours, theirs = answered.labels
    counts = [
        (count, was, becomes)
        for was, row in zip(ours, answered.flips, strict=True)
        for becomes, count in zip(theirs, row, strict=True)
        if count and was != becomes
    ]
    table = Table("most frequent flips", "", "", box=box.SIMPLE_HEAD, show_edge=False)
    by_count: Callable[[tuple[int, str, str]], int] = lambda flip: -flip[0]  # noqa: E731
    for count, was, becomes in sorted(counts, key=by_count)[:MOST_FLIPS]:
        table.add_row(_cut(was), f"-> {_cut(becomes)}", f"{count:,}")
    return table


def _cell(count: int, *, same: bool) -> Text:
    return Text(f"{count:,}", "green" if same else ("red" if count else "dim"))


def _largest(answered: Predictions) -> Table | None:
    if not answered.largest:
        return None
    table = Table("furthest apart", "first", "second", box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column("by", justify="right")
    for difference in answered.largest:
        table.add_row(
            short(difference.row), short(difference.first), short(difference.second), f"{difference.size:.4g}"
        )
    return table


def _cut(label: str) -> str:
    return label if len(label) <= LONGEST else label[: LONGEST - 1] + "…"
