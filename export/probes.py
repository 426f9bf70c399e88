"""The rows of the parity gate: what the model was trained for, and every edge where a graph could answer otherwise.

    sample            rows of the sample, as they are; of one whose rows must not travel, every column by itself (mixed)
    noisy, shuffled   10,000: rows of the sample with noise, and with columns drawn independently of each other
    threshold         every threshold of every tree and its two float32 neighbours, many features a row
    turn              rows that reach a node, and stand on its threshold or right below it
    missing-*         NaN: one, many, all, and at a node that the row reaches (where the model knows what to do)
    zero, negative-zero, tiny, huge
    category          features of words or codes: known, unknown and missing ones; codes that are no whole numbers, too

Without a sample, rows are drawn from the thresholds of the trees, or else as standard normal numbers: in front of the
model, but behind its preprocessing. They join a sample of a few rows too, such as an input example.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from export.boundaries import Turns, first_reaching, turns
from export.discrete import categories, ordinary, worded
from export.edges import FARTHER, at_thresholds, at_turns, huge, missing, tiny, zeros
from export.original import Original, Tree
from export.steps import apply
from serinus.schema import LARGEST, Rows, refused

EACH = 5_000
IMAGINED = 2_000
CHUNK = 4_096
FEW = 64  # fewer rows than this say little about how a feature is spread
LAST_BITS = 4 * 2.0**-24  # relative
STEADY = 1e-6
TYPICAL = ("sample", "mixed", "noisy")


@dataclass(frozen=True)
class Probes:
    rows: Rows
    kinds: NDArray[np.str_]

    def taken(self, which: NDArray[np.bool_]) -> "Probes":
        return Probes(self.rows[which], self.kinds[which])

    @property
    def are_typical(self) -> NDArray[np.bool_]:
        return np.isin(self.kinds, TYPICAL)


def probes(original: Original, sample: Rows | None, generator: Generator, *, travels: bool = True) -> Probes:
    """The rows to try `original` on; the same for the same state of the `generator`.

    travels: whether rows of the sample may be kept as they are: golden rows are probes, and go where the bundle goes
    """
    if sample is not None and not travels:
        sample = _mixed(sample, len(sample), generator)
    base = _base(original, sample, generator)
    turning = [turns(tree, original.steps) for tree in original.trees]
    parts = dict(_typical(original, sample, base, generator))
    if not travels and "sample" in parts:
        parts["mixed"] = parts.pop("sample")
    parts.update(_edges(original, turning, base, generator))
    rows = worded(original, np.concatenate(list(parts.values())))
    tried = Probes(rows, np.repeat(list(parts), [len(part) for part in parts.values()]))
    defined = are_defined(original, rows)
    return tried.taken(defined & _is_near(rows, base) if original.adds_up else defined)


def _typical(original: Original, sample: Rows | None, base: Rows, generator: Generator) -> Iterator[tuple[str, Rows]]:
    if sample is not None:
        yield "sample", sample[:: -(-len(sample) // EACH)]
    spread = base.std(axis=0)
    spread[list(ordinary(original))] = 0.0
    noise = generator.normal(size=(EACH, base.shape[1])) * generator.uniform(size=(EACH, 1)) * spread
    yield "noisy", (base[generator.integers(len(base), size=EACH)] + noise).astype(np.float32)
    yield "shuffled", _mixed(base, EACH, generator)


def _mixed(rows: Rows, count: int, generator: Generator) -> Rows:
    """Rows whose every value is drawn from its column by itself: what they say together, nobody said."""
    picked = generator.integers(len(rows), size=(count, rows.shape[1]))
    mixed: Rows = rows[picked, np.arange(rows.shape[1])]
    return mixed


def _edges(original: Original, turning: list[Turns], base: Rows, generator: Generator) -> Iterator[tuple[str, Rows]]:
    yield "zero", zeros(base, np.float32(0.0), generator)
    yield "negative-zero", zeros(base, np.float32(-0.0), generator)
    yield "tiny", tiny(base, generator)
    is_smooth = original.adds_up or not turning
    far = huge(base, generator, is_smooth=is_smooth)
    yield "huge", far[_is_steady(original, far, generator)] if is_smooth else far
    if turning:
        yield "threshold", at_thresholds(turning, base)
        yield "turn", at_turns(turning, base)
    if ordinary(original):
        yield "category", categories(original, base, generator)
    if original.nan_policy == "allow":
        yield from missing(base, generator)
        if turning:
            yield "missing-at-turn", at_turns(turning, base, missing=True)


def are_defined(original: Original, rows: Rows) -> NDArray[np.bool_]:
    """Where the original has an answer: no value that it or the policy refuses, none that overflows in the steps."""
    defined = ~refused(rows, original.nan_policy)
    for start in range(0, len(rows), CHUNK):
        given = rows[start : start + CHUNK]
        stepped = apply(original.steps, given)
        overflows = np.isinf(stepped) | (np.isnan(stepped) & ~np.isnan(given))
        defined[start : start + CHUNK] &= ~overflows.any(axis=1)
        if original.knows is not None:
            defined[start : start + CHUNK] &= original.knows(given)
    return defined


def _is_near(rows: Rows, base: Rows) -> NDArray[np.bool_]:
    """The rows that are no farther out than `huge` goes; one that is would set the tolerance for all others."""
    centre = base.mean(axis=0)
    farthest = np.abs(base - centre).max(axis=0) * (FARTHER + 1)
    return np.asarray(~(np.abs(rows - centre) > np.maximum(farthest, 1)).any(axis=1))


def _is_steady(original: Original, rows: Rows, generator: Generator) -> NDArray[np.bool_]:
    """Where the answer does not hang on the last bits of the row: far out, sums of many terms cancel to noise."""
    rows, bits = worded(original, rows), LAST_BITS * generator.choice([-1, 1], rows.shape)
    bits[:, list(ordinary(original))] = 0
    moved = (rows * (1 + bits)).astype(np.float32)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        answers = original.predict(rows)
        differences = np.abs(original.predict(moved) - answers).max(axis=1)
    return np.asarray(~(differences > STEADY * np.maximum(1, np.abs(answers).max(axis=1))))


def _base(original: Original, sample: Rows | None, generator: Generator) -> Rows:
    if sample is not None and len(sample) >= FEW:
        return _filled(sample)
    imagined = _imagined(original, generator)
    return imagined if sample is None else np.concatenate([_filled(sample), imagined])


def _filled(sample: Rows) -> Rows:
    """The sample without holes: the median of a column where a value is missing, or what is next to it."""
    finite = np.where(np.isfinite(sample), sample, np.nan)
    known = ~np.isnan(finite).all(axis=0)
    medians = np.zeros(sample.shape[1], np.float32)
    medians[known] = np.nanquantile(finite[:, known], 0.5, axis=0, method="lower")
    return np.where(np.isnan(finite), medians, finite)


def _imagined(original: Original, generator: Generator) -> Rows:
    """Rows out of the model's own thresholds, taken back through its preprocessing."""
    normal = generator.normal(size=(IMAGINED, original.features)).astype(np.float32)
    wanted = normal.copy()
    for place, steps in original.on_the_way.items():
        wanted[:, place] = first_reaching(normal[:, place], np.zeros(IMAGINED, np.int32), steps)
    for feature, thresholds in _thresholds(original.trees).items():
        spread = float(thresholds.std()) or max(1.0, abs(float(thresholds[0])))
        wanted[:, feature] = generator.choice(thresholds, IMAGINED) + normal[:, feature] * spread / 4
    features = np.tile(np.arange(original.features, dtype=np.int32), IMAGINED)
    rows = first_reaching(wanted.reshape(-1), features, original.steps).reshape(wanted.shape)
    rows = np.where(np.abs(rows) < LARGEST / 2, rows, np.float32(0.0))
    for place, codes in ordinary(original).items():
        rows[:, place] = generator.choice(codes, IMAGINED)
    return rows


def _thresholds(trees: tuple[Tree, ...]) -> dict[int, NDArray[np.float32]]:
    if not trees:
        return {}
    features = np.concatenate([tree.feature for tree in trees])
    thresholds = np.concatenate([tree.threshold for tree in trees])
    features[~np.isfinite(thresholds)] = -1  # scikit-learn's way to split off the missing values alone
    return {int(feature): thresholds[features == feature] for feature in np.unique(features[features >= 0])}
