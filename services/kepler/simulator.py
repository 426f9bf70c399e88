"""Simulate labelled Kepler-like light curves: the same seed, the same curves."""

from collections.abc import Iterator

import numpy as np

from services.kepler import populations
from services.kepler.light_curves import BINS, LABELS, LightCurves
from services.kepler.observation import cadences, residuals
from services.kepler.signals import signal

POPULATIONS = {
    "CONFIRMED": populations.confirmed,
    "CANDIDATE": populations.candidates,
    "FALSE_POSITIVE": populations.false_positives,
}
BATCH = 1_000  # curves drawn from one child seed; their arrays fit the processor's cache
FIRST_KEPID = 100_000_000  # no real star: the Kepler Input Catalog ends at 13,161,029


def simulate(curves: int, *, seed: int) -> LightCurves:
    """Draw `curves` curves, a third of each label, in random order."""
    if curves < 1:
        raise ValueError(f"expected at least 1 curve to simulate, got {curves}")
    return _joined([_batch(first, curves, seed) for first in range(0, curves, BATCH)])


def blocks(curves: int, *, seed: int, size: int = 10 * BATCH) -> Iterator[LightCurves]:
    """The curves of `simulate`, `size` at a time: a file of any length is written in bounded memory."""
    if size <= 0 or size % BATCH:
        raise ValueError(f"expected a size that is a multiple of {BATCH}, got {size}")
    for start in range(0, curves, size):
        stop = min(start + size, curves)
        yield _joined([_batch(first, stop, seed) for first in range(start, stop, BATCH)])


def _batch(first: int, stop: int, seed: int) -> LightCurves:
    rng = np.random.default_rng([seed, first // BATCH])
    count = min(BATCH, stop - first)
    labels = rng.permutation(np.arange(count) % len(LABELS))
    flux = np.empty((count, BINS), np.float32)
    for number, label in enumerate(LABELS):
        rows = np.flatnonzero(labels == number)
        systems = POPULATIONS[label](len(rows), rng)
        counts = cadences(systems, rng)
        flux[rows] = signal(systems, counts, rng) + residuals(systems, counts, rng)
    return LightCurves(flux, labels, np.arange(first, first + count) + FIRST_KEPID)


def _joined(batches: list[LightCurves]) -> LightCurves:
    return LightCurves(
        flux=np.concatenate([batch.flux for batch in batches]),
        labels=np.concatenate([batch.labels for batch in batches]),
        kepid=np.concatenate([batch.kepid for batch in batches]),
    )
