"""Numbers on their way through a scikit-learn model, and what scikit-learn knows of them at each place.

Whether a number is held as float32 or as float64 decides how the next step rounds, and so on which side of a tree's
threshold it falls: a wire has the type that the array has which scikit-learn would hold there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from export.drafts import DOUBLE, FLOAT, Draft
from export.steps import Precision, Step


@dataclass(frozen=True)
class Source:
    """The feature of the caller that a number comes from, and what was done to it on the way.

    fill: the word that an imputer puts where a word is missing
    """

    place: int
    steps: tuple[Step, ...] = ()
    fill: str | None = None


@dataclass(frozen=True)
class Wire:
    """A tensor [N, columns] of the graph.

    sources: of every column; None where it comes from no single feature, or is no longer a number of its kind
    is_wide: float64, else float32
    is_exact: every number is one that float32 has, in whichever type it is
    is_sparse: scikit-learn holds a sparse matrix here
    may_miss: there may be NaN
    """

    name: str
    sources: tuple[Source | None, ...]
    is_wide: bool = False
    is_exact: bool = True
    is_sparse: bool = False
    may_miss: bool = False

    @property
    def width(self) -> int:
        return len(self.sources)

    @property
    def dtype(self) -> Precision:
        return np.float64 if self.is_wide else np.float32


def derived(name: str, width: int, *, is_wide: bool = True, is_exact: bool = False) -> Wire:
    """Numbers that were computed out of several."""
    return Wire(name, (None,) * width, is_wide=is_wide, is_exact=is_exact or not is_wide)


def narrow(draft: Draft, wire: Wire) -> Wire:
    """`wire` rounded to float32, as trees of scikit-learn and XGBoost read it."""
    if not wire.is_wide:
        return wire
    return replace(wire, name=draft.add("Cast", wire.name, to=FLOAT), is_wide=False, is_exact=True)


def wide(draft: Draft, wire: Wire) -> Wire:
    return wire if wire.is_wide else replace(wire, name=draft.add("Cast", wire.name, to=DOUBLE), is_wide=True)


def picked(draft: Draft, wire: Wire, columns: Sequence[int]) -> Wire:
    if list(columns) == list(range(wire.width)):
        return wire
    places = draft.constant(np.array(columns, np.int64))
    name = draft.add("Gather", wire.name, places, axis=1)
    return replace(wire, name=name, sources=tuple(wire.sources[column] for column in columns))


def joined(draft: Draft, wires: Sequence[Wire]) -> Wire:
    """All columns side by side, in the type that holds all of them."""
    if len(wires) == 1:
        return wires[0]
    is_wide = any(wire.is_wide for wire in wires)
    alike = [wide(draft, wire) if is_wide else wire for wire in wires]
    return Wire(
        draft.add("Concat", *(wire.name for wire in alike), axis=1),
        tuple(source for wire in wires for source in wire.sources),
        is_wide=is_wide,
        is_exact=all(wire.is_exact for wire in wires),
        may_miss=any(wire.may_miss for wire in wires),
    )


def stepped(draft: Draft, wire: Wire, step: Step) -> Wire:
    """`wire` behind one operation on every column, which keeps float64 where the wire is float64."""
    sources = tuple(_behind(source, step, column) for column, source in enumerate(wire.sources))
    filled = step.operation == "Fill" and not np.isnan(step.constant).any()
    is_exact = not wire.is_wide or (step.operation == "Fill" and wire.is_exact and _is_exact(step))
    return replace(
        wire,
        name=applied(draft, wire.name, step),
        sources=sources,
        is_exact=is_exact,
        may_miss=wire.may_miss and not filled,
    )


def applied(draft: Draft, name: str, step: Step) -> str:
    """What `step` makes of the tensor `name`, which is float64 if the step keeps that, or else float32."""
    constant = draft.constant(step.constant[None, :])
    if step.operation == "Fill":
        return draft.add("Where", draft.add("IsNaN", name), constant, name)
    if step.keeps or step.constant.dtype == np.float32:
        return draft.add(step.operation, name, constant)
    exact = draft.add(step.operation, draft.add("Cast", name, to=DOUBLE), constant)
    return draft.add("Cast", exact, to=FLOAT)


def _behind(source: Source | None, step: Step, column: int) -> Source | None:
    if source is None or (step.operation == "Fill" and np.isnan(step.constant[column])):
        return source
    return replace(source, steps=(*source.steps, step.of(np.array([column]))))


def _is_exact(step: Step) -> bool:
    return bool((step.constant.astype(np.float32) == step.constant)[~np.isnan(step.constant)].all())
