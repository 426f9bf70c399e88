"""Simulated rollouts for people to look at: one as a picture, a page or a recording, many as bars of how they end."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from serinus.simulation.run import Plan


def depict(plan: "Plan", *, chart: Path | None, record: Path | None) -> None:
    """Plays it once and writes what is asked for."""
    import json

    from serinus.canary.recording import append
    from serinus.simulation.charts import png
    from serinus.simulation.drive import Drive, lines
    from serinus.simulation.page import html
    from serinus.simulation.story import story_of

    for file in filter(None, (chart, record)):
        _check(file, (".png", ".html") if file == chart else (".jsonl",))
    drive = Drive.of(plan)
    told = list(lines(drive.opening, drive.moments()))
    if record is not None:
        record.unlink(missing_ok=True)
        append(record, told)
    if chart is not None:
        draw = png if chart.suffix == ".png" else html
        draw(story_of([json.loads(line) for line in told]), chart)


def draw_outcomes(rows: Sequence[dict[str, Any]], chart: Path) -> None:
    from serinus.simulation.outcomes_chart import outcomes_png

    _check(chart, (".png",))
    outcomes_png(rows, chart)


def _check(file: Path, endings: Sequence[str]) -> None:
    if file.suffix not in endings:
        raise typer.BadParameter(f"expected a file that ends in {' or '.join(endings)}, got {str(file)!r}")
    if not file.parent.is_dir():
        raise typer.BadParameter(f"expected a file in a folder that is there, got {str(file)!r}")
