"""One simulated rollout for people to look at: as a picture, a page, or a recording."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from serinus.simulation.run import Plan


def check(chart: Path | None, record: Path | None, *, is_one: bool) -> None:
    """That both can be written, before anything is played."""
    for file, endings in ((chart, (".png", ".html") if is_one else (".png",)), (record, (".jsonl",))):
        if file is None:
            continue
        if file.suffix not in endings:
            raise typer.BadParameter(f"expected a file that ends in {' or '.join(endings)}, got {str(file)!r}")
        if not file.parent.is_dir():
            raise typer.BadParameter(f"expected a file in a folder that is there, got {str(file)!r}")


def depict(plan: "Plan", *, chart: Path | None, record: Path | None) -> None:
    """Plays it once and writes what is asked for."""
    import json

    from serinus.canary.recording import append
    from serinus.simulation.charts import png
    from serinus.simulation.drive import Drive, lines
    from serinus.simulation.page import html
    from serinus.simulation.story import story_of

    drive = Drive.of(plan)
    told = list(lines(drive.opening, drive.moments()))
    if record is not None:
        record.unlink(missing_ok=True)
        append(record, told)
    if chart is not None:
        draw = png if chart.suffix == ".png" else html
        draw(story_of([json.loads(line) for line in told]), chart)
