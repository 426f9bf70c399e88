"""What two versions answered on the same rows, on a screen."""

from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from serinus.cli.models.verdicts import change_of, told
from serinus.errors import short
from serinus.registry.predictions import Predictions
from serinus.registry.truth import Judged

MOST_LABELS, MOST_FLIPS = 6, 6
LONGEST = 20


def answers(answered: Predictions, source: str, versions: tuple[str, str]) -> list[Any]:
    parts = [_headline(answered, source), _judged(answered.judged), _matrix(answered, versions), _largest(answered)]
    return [part for part in parts if part is not None]


def _headline(answered: Predictions, source: str) -> Text:
    what = "the same label" if answered.flips else "the same value, within 1 % of their spread"
    skipped = f", {answered.refused:,} more refused" if answered.refused else ""
    return Text(
        f"\n{answered.rows:,} {source}{skipped}: {100 * answered.agreement:.2f} % {what}; "
        f"apart by {answered.mean:.2g} (mean), {answered.median:.2g} (median), {answered.p95:.2g} (95 %)",
        "bold",
    )


def _judged(judged: Judged | None) -> Table | Text | None:
    if judged is None:
        return None
    if not judged.rows:
        return Text("no row has a truth to judge by", "yellow")
    table = Table(f"truth of {judged.rows:,} rows", "first", "second", "change", box=box.SIMPLE_HEAD, show_edge=False)
    for figure in {**judged.first, **judged.second}:
        was, becomes = judged.first.get(figure), judged.second.get(figure)
        table.add_row(figure, told(was), told(becomes), change_of(figure, was, becomes))
    return table


def _matrix(answered: Predictions, versions: tuple[str, str]) -> Table | None:
    """Rows: what the first says; columns: what the second says. The most frequent flips where labels are many."""
    ours, theirs = answered.labels
    if not answered.flips:
        return None
    if max(len(ours), len(theirs)) > MOST_LABELS:
        return _flips(answered)
    table = Table(" \\ ".join(versions), box=box.SIMPLE_HEAD, show_edge=False)
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
    for count, was, becomes in sorted(counts, reverse=True)[:MOST_FLIPS]:
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
