"""Draws what a template deploys: `python -m infra.cdk.diagram cdk.out/serinus-kepler.template.json --out FILE.svg`."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.cdk import svg
from infra.cdk.architecture import ANSWERS, FRONT, KEEPS, WATCHES, Architecture, Box, architecture

BOX_W, LINE_H, PAD, GAP = 205, 15, 10, 24
COLUMN_W, LEFT, HEAD = 285, 30, 30
TOP = 50 + HEAD
LANE = 38  # beside a column, above a row
COLOURS = {FRONT: "#fff4e0", ANSWERS: "#e7f2ff", KEEPS: "#e8f6ec", WATCHES: "#f5effb"}
EDGES = {FRONT: "#c98a1b", ANSWERS: "#2f6fb5", KEEPS: "#2f8a4c", WATCHES: "#7d55a8"}
CALLERS, FIREWALL, GATEWAY = "Callers", "Firewall (WAF)", "API Gateway"
NOTE = "One KMS key encrypts all that is kept, logged or told."


@dataclass(frozen=True)
class Placed:
    box: Box
    x: int
    y: int

    @property
    def height(self) -> int:
        return 2 * PAD + LINE_H * (1 + len(self.box.about))

    @property
    def right(self) -> int:
        return self.x + BOX_W

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def is_below(self) -> bool:
        return self.box.group == WATCHES


def drawn(what: Architecture) -> str:
    """The picture as SVG."""
    callers = Placed(Box("", CALLERS, (what.callers,)), LEFT, TOP)
    placed = {one.box.title: one for one in (callers, *_above(what))}
    below = max(one.bottom for one in placed.values()) + 3 * GAP + HEAD
    placed |= {one.box.title: one for one in _below(what, below)}
    arrows = [(CALLERS, FIREWALL if FIREWALL in placed else GATEWAY), *what.arrows]
    marks = [svg.text(LEFT - PAD, 28, what.name, size=18), svg.text(LEFT + COLUMN_W - PAD, 28, NOTE)]
    marks += [*_frames(placed), *(svg.arrow(_path(placed[a], placed[b])) for a, b in arrows)]
    marks += [mark for one in placed.values() for mark in _box(one)]
    height = max(one.bottom for one in placed.values()) + GAP
    return svg.picture(2 * LEFT + 3 * COLUMN_W + BOX_W, height, marks)


def _above(what: Architecture) -> Iterator[Placed]:
    """A column for each group after the callers."""
    for place, group in enumerate((FRONT, ANSWERS, KEEPS), start=1):
        y = TOP
        for box in (box for box in what.boxes if box.group == group):
            one = Placed(box, LEFT + place * COLUMN_W, y)
            y = one.bottom + GAP
            yield one


def _below(what: Architecture, y: int) -> Iterator[Placed]:
    """What watches, four in a row; a second row begins where the first one ends."""
    boxes: Sequence[Box] = [box for box in what.boxes if box.group == WATCHES]
    for start, places in ((0, (0, 1, 2, 3)), (4, (3, 2, 1, 0))):
        row = [Placed(box, LEFT + place * COLUMN_W, y) for place, box in zip(places, boxes[start:], strict=False)]
        y = max((one.bottom for one in row), default=y) + GAP
        yield from row


def _frames(placed: Mapping[str, Placed]) -> Iterator[str]:
    for group, colour in COLOURS.items():
        those = [one for one in placed.values() if one.box.group == group]
        x, y = min(one.x for one in those) - PAD, min(one.y for one in those) - HEAD
        width = max(one.right for one in those) + PAD - x
        yield svg.box(x, y, width, max(one.bottom for one in those) + PAD - y, fill=colour)
        yield svg.text(x + PAD, y + 20, group, size=13, ink=EDGES[group])


def _box(one: Placed) -> Iterator[str]:
    yield svg.box(one.x, one.y, BOX_W, one.height, fill="white", edge=EDGES.get(one.box.group, svg.LINE))
    yield svg.text(one.x + PAD, one.y + PAD + 11, one.box.title, size=12)
    for place, line in enumerate(one.box.about, start=1):
        yield svg.text(one.x + PAD, one.y + PAD + 11 + LINE_H * place, line)


def _path(one: Placed, other: Placed) -> str:
    """Side to side where they stand beside each other, down or up in a column, and through its gap to what watches."""
    if other.is_below and not one.is_below:
        x1, y1, x2, y2 = one.x, one.y + one.height // 2, other.x + BOX_W // 2, other.y
        return f"M{x1},{y1} H{x1 - LANE} V{y2 - LANE} H{x2} V{y2}"
    if one.is_below and not other.is_below:
        x1, y1, x2, y2 = one.x + BOX_W // 2, one.y, other.x, other.y + other.height // 2
        return f"M{x1},{y1} V{y1 - LANE} H{x2 - LANE} V{y2} H{x2}"
    if one.x == other.x:
        x1, x2 = one.x + BOX_W // 2, other.x + BOX_W // 2
        y1, y2 = (one.bottom, other.y) if one.y < other.y else (one.y, other.bottom)
        return f"M{x1},{y1} C{x1},{(y1 + y2) // 2} {x2},{(y1 + y2) // 2} {x2},{y2}"
    x1, x2 = (one.right, other.x) if one.x < other.x else (one.x, other.right)
    y1, y2 = one.y + one.height // 2, other.y + other.height // 2
    return f"M{x1},{y1} C{(x1 + x2) // 2},{y1} {(x1 + x2) // 2},{y2} {x2},{y2}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.cdk.diagram", description=__doc__)
    parser.add_argument("template", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    said = parser.parse_args()
    name = said.template.name.removesuffix(".template.json")
    said.out.write_text(drawn(architecture(name, json.loads(said.template.read_text()))))


if __name__ == "__main__":
    main()
