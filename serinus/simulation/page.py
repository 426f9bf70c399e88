"""The story of a rollout as one self-contained page: pictures that tell their numbers, and the same as tables."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from serinus.simulation import words
from serinus.simulation.story import Story
from serinus.simulation.svg import svg, x_of

SAFE = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
HINT = (
    "Move over the pictures, or choose them and use the arrow keys, to read the numbers of a look. "
    "Where there are two, the first is the candidate's, the second the running release's."
)
EVENTS = ("time", "what", "traffic to the candidate", "why")


def html(story: Story, file: Path) -> None:
    style, script = (resources.files(__package__).joinpath(name).read_text() for name in ("page.css", "page.js"))
    title, end = escape(story.title), story.last.verdict if story.is_over else "HOLD"
    file.write_text(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{SAFE}">'
        f'<meta name="viewport" content="width=device-width"><style>{style}</style></head>\n<body>'
        f'<h1>{title}</h1><p class="verdict {escape(end)}">{escape(words.headline(story))}</p>'
        f"<p>{escape(story.last.reason)}</p>{_readout(_heads(story))}\n"
        f'<div class="wide">{svg(story)}</div><p class="soft">{escape(words.caption(story))}</p>\n'
        f"<h2>What was done, and what people were told</h2>{_table(EVENTS, _events(story))}\n"
        f"<details><summary>All numbers as a table</summary>{_table(_heads(story), _minutes(story))}</details>\n"
        f"<details><summary>The policy it was judged by</summary>{_table(('entry', 'value'), _entries(story.policy))}"
        f'</details>\n<script type="application/json" id="looks">{_json(_looks(story))}</script>\n'
        f"<script>{script}</script></body></html>\n",
        encoding="utf-8",
    )


def _readout(heads: Iterable[str]) -> str:
    told = "".join(f"<div><dt>{escape(head)}</dt><dd></dd></div>" for head in heads)
    return f'<p class="soft" id="hint">{HINT}</p><dl id="readout" aria-live="polite">{told}</dl>'


def _heads(story: Story) -> tuple[str, ...]:
    counted = ("requests a minute", "failed a minute", "slow answers")
    return ("time", "traffic", *counted, *map(words.trigger, story.triggers), "what was made of it")


def _looks(story: Story) -> list[tuple[str | float, ...]]:
    """Where each look is in the pictures, and its numbers."""
    return [
        (round(x_of(story, look.at_min), 1), *_numbers(story, number, _bin(story, look.at_min)))
        for number, look in enumerate(story.looks)
    ]


def _minutes(story: Story) -> Iterator[Sequence[str]]:
    """The numbers of each bin, as the last look in it saw them."""
    bins = [_bin(story, look.at_min) for look in story.looks]
    for number, (bin_, after) in enumerate(zip(bins, [*bins[1:], -1], strict=True)):
        if bin_ != after:
            yield _numbers(story, number, bin_)


def _bin(story: Story, at_min: float) -> int:
    """The bin that ends at this time, or is not over yet."""
    return min(int(np.searchsorted(story.bins_min, at_min)), len(story.bins_min)) - 1 if at_min > 0 else 0


def _numbers(story: Story, number: int, bin_: int) -> Sequence[str]:
    look, minutes, sides = story.looks[number], story.bin_min[bin_], (story.candidate, story.baseline)
    return (
        _time(look.at_min),
        words.percent(look.weight),
        _both(side.requests[bin_] / minutes for side in sides),
        _both(side.errors[bin_] / minutes for side in sides),
        " and ".join(words.percent(_share(side.slow[bin_], side.warm[bin_])) for side in sides),
        *(words.evidence(name, trigger, number) for name, trigger in story.triggers.items()),
        f"{words.verdict(look.verdict)}: {look.reason}",
    )


def _both(rates: Iterable[float]) -> str:
    return " and ".join(f"{rate:,.0f}" for rate in rates)


def _share(events: float, of: float) -> float:
    return events / of if of else np.nan


def _events(story: Story) -> Iterator[Sequence[str]]:
    done = set(story.decisions)
    for look in story.looks:
        for name in look.alerts:
            yield _time(look.at_min), f"alert: {words.alert(name)}", "", ""
        if look in done:
            what = "more traffic" if look.verdict == "HOLD" else words.verdict(look.verdict)
            yield _time(look.at_min), what, words.percent(look.weight), look.reason


def _entries(policy: Mapping[str, Any], within: str = "") -> Iterator[Sequence[str]]:
    """As they stand in a service.toml."""
    for name, value in policy.items():
        if isinstance(value, Mapping):
            yield from _entries(value, f"{within}{name}.")
        else:
            yield f"{within}{name}", _told(value)


def _told(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(map(_told, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return "none" if value is None else str(value)


def _time(at_min: float) -> str:
    hours, seconds = divmod(round(at_min * 60), 3600)
    return f"{hours}:{seconds // 60:02}:{seconds % 60:02}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _json(told: Any) -> str:
    """For a script element, which nothing in it may end."""
    return json.dumps(told, separators=(",", ":")).replace("<", "\\u003c")
