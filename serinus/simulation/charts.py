"""The pictures of one rollout in one file, for people who would rather look than read. Needs the extra `charts`."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serinus.simulation import words
from serinus.simulation.panels import (
    EVIDENCE,
    MEANINGS,
    Line,
    Mark,
    Panel,
    Role,
    beside,
    panels,
    placed,
    right_min,
    steps,
    times,
)
from serinus.simulation.story import Story

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT, DOTS = 1200, 900, 100
LEFT, RIGHT, BOTTOM = 175, 185, 74  # pixels around the panels
WIDE = WIDTH - LEFT - RIGHT
TITLE, LETTERS, LINE = 90, 140, 19  # letters of the title, and in a line of the reason, and the pixels of one
INK, SOFT, FAINT = "#1f2933", "#66727f", "#d3d9e0"
ENDS = {"PROMOTE": "#1b7a4b", "ROLLBACK": "#a1121f", "ABORT": "#8a5a00"}
STYLES: Mapping[Role, Mapping[str, Any]] = {
    "weight": {"color": INK, "linewidth": 2.2},
    "candidate": {"color": "#b8420a", "linewidth": 2.2},
    "baseline": {"color": "#4a90c2", "linewidth": 1.5},
    "evidence": {"color": INK, "linewidth": 1.6},
    "stop": {"color": "#a1121f", "linewidth": 1.4},
    "enough": {"color": "#a1121f", "linewidth": 1.3, "linestyle": (0, (1, 1.6))},
    "uneasy": {"color": "#d99000", "linewidth": 1.4, "linestyle": (0, (5, 2.5))},
}


def png(story: Story, file: Path) -> None:
    from matplotlib.figure import Figure  # whoever wants no picture needs no matplotlib

    figure = Figure(figsize=(WIDTH / DOTS, HEIGHT / DOTS), dpi=DOTS, facecolor="white")
    top, shown = _head(figure, story), panels(story)
    places = [(top + below, height) for below, height in placed(shown, height=HEIGHT - top - BOTTOM)]
    axes = [_axes(figure, *place) for place in places]
    for axis, panel in zip(axes, shown, strict=True):
        _draw(axis, panel, story)
    _steps(axes[0], story)
    _time(axes[-1], story)
    first = next(number for number, panel in enumerate(shown) if panel.is_evidence)
    _legend(figure, places[first][0], shown)
    _text(figure, (LEFT, HEIGHT - 12), words.caption(story), fontsize=8.5, color=SOFT)
    figure.savefig(file, format="png")


def _head(figure: "Figure", story: Story) -> float:
    """The title, how it ended and why. Returns where the panels may begin."""
    _text(figure, (24, 36), textwrap.shorten(story.title, TITLE, placeholder=" ..."), fontsize=17, fontweight="bold")
    colour = ENDS.get(story.last.verdict, INK) if story.is_over else INK
    _text(figure, (24, 66), words.headline(story), fontsize=14, fontweight="bold", color=colour)
    lines = textwrap.wrap(story.last.reason, LETTERS, max_lines=3, placeholder=" ...")
    for number, line in enumerate(lines):
        _text(figure, (24, 90 + LINE * number), line, fontsize=10.5)
    return 90 + LINE * len(lines) + 22


def _text(figure: "Figure", at: tuple[float, float], text: str, **style: Any) -> None:
    """at: pixels from the upper left corner. What others wrote is no formula."""
    x, y = at
    figure.text(x / WIDTH, 1 - y / HEIGHT, text, parse_math=False, **{"color": INK, **style})


def _axes(figure: "Figure", top: float, height: float) -> "Axes":
    axes = figure.add_axes((LEFT / WIDTH, 1 - (top + height) / HEIGHT, WIDE / WIDTH, height / HEIGHT))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    axes.tick_params(length=0, labelsize=8.5, labelcolor=SOFT)
    axes.patch.set_visible(False)
    return axes


def _draw(axes: "Axes", panel: Panel, story: Story) -> None:
    axes.set_xlim(0, right_min(story))
    axes.set_ylim(0, panel.top)
    axes.set_xticks([])
    axes.set_yticks([value for value, _ in panel.ticks], [said for _, said in panel.ticks])
    how: dict[str, Any] = {"va": "center", "ha": "right", "fontsize": 10, "fontweight": "bold", "color": INK}
    axes.text(-46 / WIDE, 0.5, panel.title, transform=axes.transAxes, linespacing=1.25, **how)
    for minute in story.steps_min:
        axes.axvline(minute, color=FAINT, linewidth=1, zorder=0)
    for line in panel.lines:
        _line(axes, line)
    _ends(axes, panel)
    for mark in panel.marks:
        _mark(axes, mark, panel)


def _line(axes: "Axes", line: Line) -> None:
    drawstyle = "steps-post" if line.is_stepped else "default"
    axes.plot(line.x, line.y, drawstyle=drawstyle, clip_on=False, zorder=3, **STYLES[line.role])
    if line.role == "evidence":
        axes.fill_between(line.x, line.y, step="post", color=INK, alpha=0.15, linewidth=0)
    if line.role in ("evidence", "weight"):
        axes.plot(line.x[-1:], line.y[-1:], "o", color=INK, markersize=5, clip_on=False, zorder=4)


def _ends(axes: "Axes", panel: Panel) -> None:
    said = [line for line in panel.lines if line.words]
    for line, place in zip(
        said, beside([line.y[-1] / panel.top for line in said], least=15 / axes.bbox.height), strict=True
    ):
        weight = "bold" if line.role in ("weight", "candidate") else "normal"
        how: dict[str, Any] = {"va": "center", "fontsize": 9.5, "color": STYLES[line.role]["color"]}
        axes.text(1 + 10 / WIDE, place, line.words, transform=axes.transAxes, fontweight=weight, **how)


def _mark(axes: "Axes", mark: Mark, panel: Panel) -> None:
    y = panel.top - mark.row - 0.5
    axes.plot([mark.x], [y], "D", color=STYLES["uneasy"]["color"], markersize=6, clip_on=False)
    side, offset = ("right", -9) if mark.is_left else ("left", 9)
    how: dict[str, Any] = {"ha": side, "va": "center", "fontsize": 9.5, "color": INK}
    axes.annotate(mark.words, (mark.x, y), (offset, 0), textcoords="offset points", **how)


def _steps(axes: "Axes", story: Story) -> None:
    how: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": 9, "color": SOFT}
    for minute, name in steps(story):
        axes.text(minute, 1.02, name, transform=axes.get_xaxis_transform(), **how)


def _time(axes: "Axes", story: Story) -> None:
    unit, ticks = times(story)
    axes.set_xticks([minute for minute, _ in ticks], [said for _, said in ticks])
    axes.tick_params(axis="x", pad=8)
    axes.set_xlabel(f"{unit} since the rollout began", fontsize=9.5, color=SOFT)


def _legend(figure: "Figure", top: float, shown: Sequence[Panel]) -> None:
    """Over the evidence: what its levels mean."""
    from matplotlib.lines import Line2D

    _text(figure, (LEFT, top - 14), EVIDENCE, fontsize=10, fontweight="bold")
    x, used = LEFT + 300.0, {line.role for panel in shown for line in panel.lines}
    for role, meaning in MEANINGS.items():
        if role in used:
            y = 1 - (top - 18) / HEIGHT
            figure.add_artist(Line2D([x / WIDTH, (x + 26) / WIDTH], [y, y], **STYLES[role]))
            _text(figure, (x + 32, top - 14), meaning, fontsize=9, color=SOFT)
            x += 52 + 6.6 * len(meaning)
