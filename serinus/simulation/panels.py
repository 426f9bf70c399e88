"""The pictures of a rollout's story, above each other on one axis of time: in numbers, whoever draws them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from serinus.simulation import words
from serinus.simulation.story import Numbers, Story, Trigger

Role = Literal["weight", "candidate", "baseline", "evidence", "stop", "enough", "uneasy"]
Release = Literal["candidate", "baseline"]
RELEASES: Mapping[Release, str] = {"candidate": "candidate", "baseline": "running release"}
MEANINGS: Mapping[Role, str] = {
    "stop": "enough to roll back",
    "enough": "enough if it also fails more than the limit",
    "uneasy": "not promoted above",
}
GAP, STRIP_GAP, LEGEND = 20, 8, 46  # pixels before a panel, before one of evidence, before the first of these
EVIDENCE = "What speaks against the candidate"
RECENT_MIN = 5  # shares are of so many minutes at least: of one they would be mostly chance
ABOVE_LIMIT = 1.3  # evidence beyond this many times what is enough looks the same
ROOM = 1.03  # how far the axis of time goes on after the end, for what it ended with
LETTER, STEP_ROOM = 0.009, 0.06  # of the width: of one letter, and what the name of a step needs


@dataclass(frozen=True)
class Line:
    """words: what stands at its end"""

    role: Role
    x: Numbers
    y: Numbers
    words: str = ""

    @property
    def is_stepped(self) -> bool:
        """Whether a value holds until the next one."""
        return self.role not in RELEASES


@dataclass(frozen=True)
class Mark:
    """Words at a time. row: below how many others they stand; is_left: before it, as it is late"""

    x: float
    words: str
    row: int
    is_left: bool


@dataclass(frozen=True)
class Panel:
    """height: in pixels; top: the value at its upper edge, 0 being at its lower; ticks: values, and their words"""

    title: str
    height: int
    top: float
    lines: tuple[Line, ...] = ()
    ticks: tuple[tuple[float, str], ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def is_evidence(self) -> bool:
        return any(line.role == "evidence" for line in self.lines)


def panels(story: Story) -> tuple[Panel, ...]:
    """From top to bottom: what it was given, what it did, what spoke against it, what people were told."""
    return (
        _weight(story),
        _requests(story),
        _shares(story, "Failed", "errors", "requests"),
        _shares(story, "Slow", "slow", "warm"),
        *(_evidence(story, name, trigger) for name, trigger in story.triggers.items()),
        *_alerts(story),
    )


def placed(shown: Sequence[Panel], *, height: float) -> list[tuple[float, float]]:
    """Where each panel begins, and how high it is, in `height` pixels."""
    is_strip = [panel.is_evidence for panel in shown]
    gaps = [
        0 if number == 0 else (STRIP_GAP if is_strip[number - 1] else LEGEND) if is_strip[number] else GAP
        for number in range(len(shown))
    ]
    scale = (height - sum(gaps)) / sum(panel.height for panel in shown)
    heights = [panel.height * scale for panel in shown]
    before = np.cumsum([0.0, *heights[:-1]]) + np.cumsum(gaps)
    return list(zip(before.tolist(), heights, strict=True))


def beside(places: Sequence[float], *, least: float) -> list[float]:
    """Where the words at the ends of lines stand, so that they are `least` apart, as shares of a panel's height."""
    order = np.argsort([0.0 if np.isnan(place) else place for place in places], kind="stable")
    free, found = -np.inf, [0.0] * len(places)
    for number in order:
        place = max(0.0 if np.isnan(places[number]) else min(places[number], 1.0), free)
        found[number], free = place, place + least
    over = max(0.0, free - least - 1.0)
    return [place - over for place in found]


def steps(story: Story) -> list[tuple[float, str]]:
    """The middle of each step that is wide enough for its name, and the name."""
    names = [f"step {number}" for number in range(1, len(story.policy["steps"]) + 1)] + ["all traffic"]
    bounds = pairwise([0.0, *story.steps_min, story.end_min])
    return [
        ((begin + end) / 2, name)
        for name, (begin, end) in zip(names, bounds, strict=False)
        if end - begin > STEP_ROOM * story.end_min
    ]


def right_min(story: Story) -> float:
    """Where the axis of time ends."""
    return max(story.end_min, 1e-3) * ROOM


def times(story: Story) -> tuple[str, tuple[tuple[float, str], ...]]:
    """The unit of the axis of time, and its ticks: in minutes, with their words."""
    unit, minutes = words.clock(story.end_min)
    step = _rounded(story.end_min / minutes / 9)
    ticks = np.arange(0, story.end_min / minutes * (1 + 1e-9), step)
    return unit, tuple((float(tick * minutes), f"{tick:g}") for tick in ticks)


def _weight(story: Story) -> Panel:
    x = np.array([0.0, *(look.at_min for look in story.looks), right_min(story)])
    y = np.array([story.first_weight, *(look.weight for look in story.looks), story.looks[-1].weight])
    ticks = ((0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %"))
    ended = f"{words.percent(y[-1])}: {words.verdict(story.last.verdict)}" if story.is_over else words.percent(y[-1])
    return Panel("Traffic to\nthe candidate", 105, 1.08, (Line("weight", x, y, ended),), ticks)


def _requests(story: Story) -> Panel:
    rates = {role: getattr(story, role).requests / story.bin_min for role in RELEASES}
    top = _rounded(max(float(rate.max()) for rate in rates.values()))
    lines = tuple(_line(story, role, rates[role], f"{rates[role][-1]:,.0f}") for role in RELEASES)
    return Panel("Requests\na minute", 80, top, lines, ((0.0, "0"), (top, f"{top:,g}")))


def _shares(story: Story, title: str, what: str, of: str) -> Panel:
    shares = {
        role: _recent(getattr(side, what), getattr(side, of), story.bin_min)
        for role in RELEASES
        for side in (getattr(story, role),)
    }
    highest = np.nanmax([0.01, *(share for both in shares.values() for share in both)])
    top = min(1.0, _rounded(float(highest)))
    lines = tuple(_line(story, role, shares[role], words.percent(shares[role][-1])) for role in RELEASES)
    title = f"{title}, of the\nlast {max(RECENT_MIN, story.bin_min[0]):.0f} minutes"
    return Panel(title, 80, top, lines, ((0.0, "0 %"), (top, words.percent(top))))


def _line(story: Story, role: Release, y: Numbers, ended: str) -> Line:
    """Through the middles of the bins, from the beginning of the first to the end of the last."""
    x = np.array([0.0, *story.bins_min, story.bins_min[-1] + story.bin_min[-1] / 2])
    return Line(role, x, np.array([y[0], *y, y[-1]]), f"{RELEASES[role]} {ended}")


def _recent(events: Numbers, of: Numbers, bin_min: Numbers) -> Numbers:
    """The share of the bins of the last minutes; NaN where there was nothing."""
    bins = max(1, round(RECENT_MIN / float(bin_min[0])))
    some, all_ = (np.convolve(counts, np.ones(bins))[: len(counts)] for counts in (events, of))
    share: Numbers = np.divide(some, all_, out=np.full(len(some), np.nan), where=all_ > 0)
    return share


def _evidence(story: Story, name: str, trigger: Trigger) -> Panel:
    """Each value as a share of the limit of its time."""
    x = np.array([0.0, *(look.at_min for look in story.looks)])
    value = np.clip(np.append(0.0, trigger.value / trigger.limit), 0, ABOVE_LIMIT)
    limit = np.append(trigger.limit[0], trigger.limit)
    levels: Mapping[Role, Numbers] = {
        "stop": limit,
        "enough": np.full_like(limit, trigger.enough),
        "uneasy": np.full_like(limit, trigger.uneasy),
    }
    lines = [Line(role, x, level / limit) for role, level in levels.items() if np.isfinite(level).all()]
    told = words.evidence(name, trigger, -1)
    return Panel(words.trigger(name), 46, ABOVE_LIMIT, (Line("evidence", x, value, told), *lines))


def _alerts(story: Story) -> tuple[Panel, ...]:
    """Words that would stand on each other go into rows of their own."""
    marks: list[Mark] = []
    ends: list[list[tuple[float, float]]] = []
    for at_min, name in story.alerts:
        said, x = words.alert(name), at_min / right_min(story)
        is_left, width = x > 0.5, LETTER * (len(said) + 4)
        span = (x - width, x) if is_left else (x, x + width)
        row = next((row for row, taken in enumerate(ends) if all(_apart(span, one) for one in taken)), len(ends))
        ends[row : row + 1] = [[*(ends[row] if row < len(ends) else []), span]]
        marks.append(Mark(at_min, said, row, is_left))
    return (Panel("Alerts", 10 + 20 * len(ends), float(len(ends)), marks=tuple(marks)),) if marks else ()


def _apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[1] <= other[0] or other[1] <= one[0]


def _rounded(value: float) -> float:
    """The least of 1, 2, 3, 5 times a power of ten that is not below `value`."""
    if value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(part * power for part in (1, 2, 3, 5, 10) if part * power >= value * (1 - 1e-9)))
