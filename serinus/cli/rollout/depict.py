"""One simulated rollout for people to look at: as a picture, as a page, or recorded for replay."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from serinus.simulation.run import Plan


def depict(plan: "Plan", *, chart: Path | None, record: Path | None) -> None:
    """Plays it once and writes what is asked for."""
    import json

    from serinus.simulation.charts import png
    from serinus.simulation.drive import Drive, lines
    from serinus.simulation.page import html
    from serinus.simulation.story import story_of

    if chart is not None and chart.suffix not in (".png", ".html"):
        raise typer.BadParameter(f"expected a file that ends in .png or .html, got {str(chart)!r}")
    drive = Drive.of(plan)
    told = list(lines(drive.opening, drive.moments()))
    if record is not None:
        record.write_text("".join(told))
    if chart is not None:
        draw = png if chart.suffix == ".png" else html
        draw(story_of([json.loads(line) for line in told]), chart)
