"""How many simulated rollouts end how, a bar a scenario: Serinus's judge beside the plain thresholds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serinus.simulation.scenario import catalogue

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, DOTS, ROW, HEAD, FOOT = 1200, 100, 26, 118, 30  # pixels
LEFT, MIDDLE, RIGHT = 300, 40, 30
LEAST_TOLD = 0.07  # of a bar: what its share is written into
INK, SOFT = "#1f2933", "#66727f"
COLOURS = {"promote": "#9fd3bf", "hold": "#e3e6ea", "abort": "#e8b04a", "rollback": "#9e2a14"}
WORDS = {"promote": "promoted", "hold": "still watched", "abort": "taken back unproven", "rollback": "rolled back"}
GROUPS = {
    "promote": "Healthy: should be promoted",
    "not rolled back": "Should not be rolled back",
    "hold": "Nobody can tell: should be held",
    "not promoted": "Should not be promoted",
    "rollback": "Broken: should be rolled back",
    "anything": "Either is right",
}


@dataclass(frozen=True)
class Pair:
    """A scenario at a traffic. shares: of each verdict, with the plain thresholds or not"""

    name: str
    expect: str
    shares: Mapping[bool, Mapping[str, float]]


def outcomes_png(rows: Iterable[Mapping[str, Any]], file: Path) -> None:
    """rows: of what comes out of simulations: scenario, rate_per_min, mode, runs, and verdicts by their names."""
    from matplotlib.figure import Figure  # whoever wants no picture needs no matplotlib

    told = list(rows)
    lines = _lines(_pairs(told))
    height = HEAD + ROW * len(lines) + FOOT
    figure = Figure(figsize=(WIDTH / DOTS, height / DOTS), dpi=DOTS, facecolor="white")
    _text(figure, (24, 36), _title(told), fontsize=17, fontweight="bold")
    _legend(figure)
    wide = (WIDTH - LEFT - MIDDLE - RIGHT) / 2
    for number, title in enumerate(("Serinus, by evidence", "plain thresholds")):
        left = LEFT + number * (wide + MIDDLE)
        box = (left / WIDTH, FOOT / height, wide / WIDTH, ROW * len(lines) / height)
        _text(figure, (left, HEAD - 10), title, fontsize=11, fontweight="bold")
        _draw(figure.add_axes(box), lines, is_naive=bool(number))
    for number, line in enumerate(lines):
        y = HEAD + ROW * (number + 0.5) + 5
        is_head = isinstance(line, str)
        _text(
            figure, (24 if is_head else 40, y), line if isinstance(line, str) else line.name, **_style(is_head=is_head)
        )
    figure.savefig(file, format="png")


def _title(rows: Sequence[Mapping[str, Any]]) -> str:
    runs = sorted({row["runs"] for row in rows})
    return f"How simulated rollouts end, {' to '.join(f'{count:,}' for count in runs[:1] + runs[1:][-1:])} each"


def _pairs(rows: Iterable[Mapping[str, Any]]) -> list[Pair]:
    told: dict[str, tuple[str, dict[bool, Mapping[str, float]]]] = {}
    for row in rows:
        name = f"{row['scenario']}, {row['rate_per_min']:g} a minute"
        known = catalogue().get(row["scenario"])
        shares = {verdict: row["verdicts"].get(verdict, 0) / max(row["runs"], 1) for verdict in COLOURS}
        told.setdefault(name, (known.expect if known else "anything", {}))[1][row["mode"] == "naive"] = shares
    return [Pair(name, expect, shares) for name, (expect, shares) in told.items()]


def _lines(pairs: Sequence[Pair]) -> list[Pair | str]:
    """The scenarios, after the heading of what is right for them."""
    order = list(GROUPS)
    ordered = sorted(pairs, key=lambda pair: order.index(pair.expect))
    lines: list[Pair | str] = []
    for expect, group in groupby(ordered, key=lambda pair: pair.expect):
        lines += [GROUPS[expect], *group]
    return lines


def _draw(axes: "Axes", lines: Sequence[Pair | str], *, is_naive: bool) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(len(lines), 0)
    axes.set_axis_off()
    for number, line in enumerate(lines):
        if isinstance(line, Pair) and is_naive in line.shares:
            _bar(axes, number + 0.5, line.shares[is_naive])


def _bar(axes: "Axes", y: float, shares: Mapping[str, float]) -> None:
    left = 0.0
    for verdict, colour in COLOURS.items():
        share = shares[verdict]
        axes.barh(y, share, height=0.74, left=left, color=colour, edgecolor="white", linewidth=0.8)
        if share >= LEAST_TOLD:
            ink = "white" if verdict == "rollback" else INK
            how: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8.5, "color": ink}
            axes.text(left + share / 2, y, _percent(share), **how)
        left += share


def _percent(share: float) -> str:
    """Never 100 % of what is less."""
    return f"{share:.0%}" if share in (0, 1) or 0.005 <= share < 0.995 else f"{share * 100:.1f} %"


def _legend(figure: "Figure") -> None:
    from matplotlib.patches import Rectangle

    x, height = LEFT, figure.get_figheight() * DOTS
    for verdict, colour in COLOURS.items():
        box = Rectangle((x / WIDTH, 1 - 66 / height), 16 / WIDTH, 13 / height, color=colour)
        figure.add_artist(box)
        _text(figure, (x + 22, 65), WORDS[verdict], fontsize=10, color=SOFT)
        x += 60 + 7 * len(WORDS[verdict])


def _style(*, is_head: bool) -> dict[str, Any]:
    return {"fontsize": 10, "fontweight": "bold"} if is_head else {"fontsize": 9.5}


def _text(figure: "Figure", at: tuple[float, float], text: str, **style: Any) -> None:
    x, y = at
    height = figure.get_figheight() * DOTS
    figure.text(x / WIDTH, 1 - y / height, text, parse_math=False, **{"color": INK, **style})
