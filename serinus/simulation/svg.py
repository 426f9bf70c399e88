"""The pictures of a rollout as SVG, which stands in a page and takes its colours from it."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from serinus.simulation import words
from serinus.simulation.panels import (
    EVIDENCE,
    MEANINGS,
    Line,
    Mark,
    Panel,
    beside,
    panels,
    placed,
    right_min,
    steps,
    times,
)
from serinus.simulation.story import Numbers, Story

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 1200, 160, 190, 30, 46
WIDE, HIGH = WIDTH - LEFT - RIGHT, 720
TEXT = 15  # pixels of a line of text


def svg(story: Story) -> str:
    """An element with what tells about it; `cursor` in it is a line that may be moved to a time."""
    shown = panels(story)
    places = [(TOP + below, height) for below, height in placed(shown, height=HIGH)]
    first = next(number for number, panel in enumerate(shown) if panel.is_evidence)
    parts = [
        *(_vertical("step", x_of(story, minute)) for minute in story.steps_min),
        *(_text(x_of(story, minute), TOP - 8, name, "middle soft") for minute, name in steps(story)),
        *(_panel(story, panel, *place) for panel, place in zip(shown, places, strict=True)),
        *_legend(places[first][0] - 16, shown),
        *_time(story),
        _vertical("cursor", LEFT),
    ]
    return (
        f'<svg viewBox="0 0 {WIDTH} {TOP + HIGH + BOTTOM}" role="img" tabindex="0" aria-labelledby="what how">'
        f'<title id="what">{escape(story.title)}</title><desc id="how">{escape(_told(story))}</desc>'
        f"{''.join(parts)}</svg>"
    )


def x_of(story: Story, minute: float) -> float:
    return LEFT + WIDE * minute / right_min(story)


def _told(story: Story) -> str:
    return (
        f"{words.headline(story)}: {story.last.reason}. Over time: the candidate's share of the traffic, requests, "
        "failed and slow answers of both releases, and the evidence against the candidate. The tables have the numbers."
    )


def _panel(story: Story, panel: Panel, top: float, height: float) -> str:
    first, *others = panel.title.split("\n")
    middle = top + height / 2 - TEXT / 2 * len(others) + 4
    titles = [
        _text(LEFT - 48, middle + TEXT * number, line, "end strong") for number, line in enumerate((first, *others))
    ]
    ticks = [
        _text(LEFT - 6, top + height * (1 - value / panel.top) + 4, said, "end soft") for value, said in panel.ticks
    ]
    lines = [_line(story, panel, line, top, height) for line in panel.lines]
    marks = [_mark(story, mark, top + height / panel.top * (mark.row + 0.5)) for mark in panel.marks]
    base = f'<path class="base" d="M{LEFT} {top + height:.1f}h{WIDE}"/>'
    return "".join((base, *titles, *ticks, *lines, *_ends(panel, top, height), *marks))


def _line(story: Story, panel: Panel, line: Line, top: float, height: float) -> str:
    x = LEFT + WIDE * line.x / right_min(story)
    y = top + height * (1 - line.y / panel.top)
    path = f'<path class="{line.role}" d="{_path(x, y, is_stepped=line.is_stepped)}"/>'
    if line.role == "evidence":
        path += f'<path class="area" d="{_path(x, y, is_stepped=True)}V{top + height:.1f}H{LEFT}Z"/>'
    if line.role in ("evidence", "weight"):
        path += f'<circle class="{line.role}" cx="{x[-1]:.1f}" cy="{y[-1]:.1f}" r="4"/>'
    return path


def _path(x: Numbers, y: Numbers, *, is_stepped: bool) -> str:
    """Interrupted where nothing is known; of a step only its corners."""
    parts, before = [], None
    for number, (at, value) in enumerate(zip(x, y, strict=True)):
        is_last = number == len(x) - 1
        if np.isnan(value):
            before = None
        elif before is None:
            parts.append(f"M{at:.1f} {value:.1f}")
            before = value
        elif not is_stepped:
            parts.append(f"L{at:.1f} {value:.1f}")
        elif value != before or is_last:
            parts.append(f"H{at:.1f}V{value:.1f}")
            before = value
    return "".join(parts)


def _ends(panel: Panel, top: float, height: float) -> list[str]:
    said = [line for line in panel.lines if line.words]
    places = beside([line.y[-1] / panel.top for line in said], least=TEXT / height)
    return [
        _text(LEFT + WIDE + 10, top + height * (1 - place) + 4, line.words, f"end-{line.role}")
        for line, place in zip(said, places, strict=True)
    ]


def _mark(story: Story, mark: Mark, y: float) -> str:
    x = x_of(story, mark.x)
    side, offset = ("end", -10) if mark.is_left else ("", 10)
    return f'<path class="alert" d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z"/>{_text(x + offset, y + 4, mark.words, side)}'


def _legend(y: float, shown: Sequence[Panel]) -> Iterable[str]:
    """Over the evidence: what its levels mean."""
    yield _text(LEFT, y, EVIDENCE, "strong")
    x, used = LEFT + 260, {line.role for panel in shown for line in panel.lines}
    for role, meaning in MEANINGS.items():
        if role in used:
            yield f'<path class="{role}" d="M{x} {y - 4:.1f}h26"/>{_text(x + 32, y, meaning, "soft")}'
            x += 56 + 6 * len(meaning)


def _time(story: Story) -> Iterable[str]:
    unit, ticks = times(story)
    for minute, said in ticks:
        yield _text(x_of(story, minute), TOP + HIGH + 20, said, "middle soft")
    yield _text(LEFT + WIDE / 2, TOP + HIGH + 40, f"{unit} since the rollout began", "middle soft")


def _vertical(name: str, x: float) -> str:
    return f'<path class="{name}" d="M{x:.1f} {TOP}v{HIGH}"/>'


def _text(x: float, y: float, said: str, how: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{how}">{escape(said)}</text>'
