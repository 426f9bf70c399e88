"""What the telescope and the detrending leave of a light curve: cadences, noise, wiggles, outliers and holes.

Q0, Q1 and full quarters, the gap and the outliers are as measured on the real curves of kepler_lightcurves_dev.npz.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from services.kepler.light_curves import BINS
from services.kepler.populations import Systems
from services.kepler.transits import CADENCE_DAYS, PHASES, Column, Curves

Counts = NDArray[np.int64]

LOST_SHARE = 0.12  # of the cadences, in one gap: the monthly downlink and what the quality flags discard
OUTLIER_SHARE = 0.0015
WIGGLES = 3
WIGGLE_DAYS = (0.3, 1.5)  # faster is noise, slower is flattened by the running median


def cadences(systems: Systems, rng: Generator) -> Counts:
    """How many cadences fall into each bin, [N, 784]. The stretch watched holds an eclipse, unless the gap takes it."""
    watched_days, period_days = systems.targets.watched_days, systems.orbits.period_days
    counts = np.zeros((len(period_days), BINS), np.int64)
    for days in np.unique(watched_days):
        rows = np.flatnonzero(watched_days == days)
        counts[rows] = _folded(int(days / CADENCE_DAYS), period_days[rows], rng)
    return counts


def residuals(systems: Systems, counts: Counts, rng: Generator) -> Curves:
    """What is no eclipse, [N, 784]: NaN where no cadence fell."""
    noise = rng.standard_normal(counts.shape, np.float32)
    outliers = np.flatnonzero(rng.random(counts.shape, np.float32) < OUTLIER_SHARE)
    noise.ravel()[outliers] += (
        5 * rng.standard_exponential(len(outliers), np.float32) * rng.choice([-1, 1, 1], len(outliers))
    )
    noise *= systems.targets.noise[:, None] / np.sqrt(np.maximum(counts, 1), dtype=np.float32)
    noise[counts == 0] = np.nan
    return noise + _wiggles(systems, rng)


def _folded(length: int, period_days: Column, rng: Generator) -> Counts:
    rows = len(period_days)
    step = np.float32(CADENCE_DAYS) / period_days[:, None]
    before = rng.uniform(0.05, 0.95, (rows, 1)).astype(np.float32) * np.minimum(length * step, 1)
    phase = np.arange(length, dtype=np.float32) * step - before + np.float32(0.5)
    bins = ((phase - np.floor(phase)) * BINS).astype(np.int64)
    slots = np.minimum(bins, BINS - 1) + np.arange(0, rows * BINS, BINS)[:, None]
    return np.bincount(slots[_is_kept(length, rows, rng)], minlength=rows * BINS).reshape(rows, BINS)


def _is_kept(length: int, rows: int, rng: Generator) -> NDArray[np.bool_]:
    lost = int(length * LOST_SHARE)
    since_gap = np.arange(length) - rng.integers(0, length - lost, (rows, 1))
    return (since_gap < 0) | (since_gap >= lost)


def _wiggles(systems: Systems, rng: Generator) -> Curves:
    """What the running median leaves of starspots; folding many orbits averages it away."""
    period_days = systems.orbits.period_days[:, None]
    orbits = np.maximum(systems.targets.watched_days[:, None] / period_days, 1)
    waves = np.ceil(period_days / rng.uniform(*WIGGLE_DAYS, (len(period_days), WIGGLES)))
    starts = rng.uniform(0, 2 * np.pi, waves.shape)
    size = systems.targets.noise[:, None] * rng.lognormal(-1.6, 0.8, waves.shape) / np.sqrt(orbits)
    wiggles = np.zeros((len(period_days), BINS), np.float32)
    for wave, start, height in zip(
        *(one.astype(np.float32).T[..., None] for one in (waves, starts, size)), strict=True
    ):
        wiggles += height * np.cos(2 * np.float32(np.pi) * wave * PHASES + start)
    return wiggles
