"""What lies behind each label: stars, planets and binaries, drawn from the published Kepler populations.

Periods, densities and magnitudes: the KOI table of DR25 (Thompson et al. 2018), by disposition.
Signal-to-noise ratios: the same table, but planets like its loudest quarter: here one quarter has to show them.
Noise: a combined differential photometric precision (CDPP, Christiansen et al. 2012) that grows with magnitude, scaled
to the noise of the real folded curves. Limb darkening: rounded lines after the trend of Claret & Bloemen (2011).
Binaries: the Kepler catalogue (Prsa et al. 2011, Kirk et al. 2016); ellipsoidal variation: Morris (1985).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from services.kepler.transits import CADENCE_DAYS, Column, Orbits, duration_days

FAINTEST_SNR = 7.1  # the detection threshold of the Kepler pipeline
LARGEST_PLANET = 0.18  # in stellar radii: Jupiters around K dwarfs
QUARTERS_DAYS = np.array([9.7, 33.5, 89.8])  # Q0, Q1 and a full quarter,
QUARTERS_SHARE = np.array([0.20, 0.62, 0.18])  # as often as the real folded curves come from them
SOLAR_SCALE = 4.2083  # a/R of a one-day orbit around a star as dense as the Sun (Seager & Mallen-Ornelas 2003)
TWIN = 2 ** (-1 / 3)  # a/R that gives eclipses of the double period their width in the fold on the single one


@dataclass(frozen=True)
class Targets:
    """The stars, and how long and how well each was watched. density: in suns; noise: of one cadence."""

    density: Column
    limb: NDArray[np.float32]
    noise: Column
    watched_days: Column


@dataclass(frozen=True)
class Companions:
    """The light of what orbits. brightness: of its surface, in primaries; share: of all light, that is the system's.

    is_twin: two similar stars taken for one planet of half the period, so that both eclipses fall on phase 0.
    """

    brightness: Column
    share: Column
    eclipsed_at: Column
    is_twin: NDArray[np.bool_]
    tide: Column


@dataclass(frozen=True)
class Systems:
    targets: Targets
    orbits: Orbits
    companions: Companions


def confirmed(count: int, rng: Generator) -> Systems:
    """Planets, well seen."""
    targets = _targets(count, rng)
    periods = _lognormal(rng, count, median=9.0, spread=1.1, bounds=(0.7, 90))
    impact = _uniform(rng, count, 0, 0.85)
    snr = _lognormal(rng, count, median=60, spread=0.6, bounds=(20, 1000))
    return _planets(targets, _orbits(targets, periods, impact), snr)


def candidates(count: int, rng: Generator) -> Systems:
    """Signals nobody could settle: near the threshold, with few transits, or grazing."""
    targets = _targets(count, rng)
    periods = _lognormal(rng, count, median=17.6, spread=1.3, bounds=(0.7, 300))
    snr = _lognormal(rng, count, median=9.5, spread=0.35, bounds=(FAINTEST_SNR, 60))
    weak = _planets(targets, _orbits(targets, periods, _uniform(rng, count, 0, 0.95)), snr)
    ratio = np.where(rng.random(count) < 0.2, _uniform(rng, count, 0.05, LARGEST_PLANET), weak.orbits.ratio)
    is_grazing = ratio != weak.orbits.ratio
    impact = np.where(is_grazing, 1 + ratio * _uniform(rng, count, -0.8, 0.5), weak.orbits.impact)
    return replace(weak, orbits=replace(weak.orbits, ratio=ratio, impact=impact))


def false_positives(count: int, rng: Generator) -> Systems:
    """Eclipsing binaries, four in ten of them blended with a brighter star."""
    targets = _targets(count, rng)
    ratio = _uniform(rng, count, 0.15, 1.0)
    impact = _uniform(rng, count, 0, 0.95) * (1 + ratio)
    is_twin = (rng.random(count) < 0.15) & (ratio > 0.5)
    orbits = _orbits(targets, _lognormal(rng, count, median=4.5, spread=1.4, bounds=(0.4, 90)), impact)
    mass = ratio**1.25  # of the companion, in primaries, on the main sequence
    scale = orbits.scale * (1 + mass) ** (1 / 3) * np.where(is_twin, TWIN, 1)
    scale = np.maximum(scale, 1.3 * (1 + ratio))  # detached
    orbits = replace(orbits, ratio=ratio, scale=scale.astype(np.float32))
    tide = (1.2 * mass / scale**3).astype(np.float32)
    return Systems(targets, orbits, _stars(orbits, is_twin, tide, rng))


def _targets(count: int, rng: Generator) -> Targets:
    kelvin = np.clip(rng.normal(5650, 600, count), 3800, 7200)
    hotter = (kelvin - 5700) / 1000
    limb = np.stack([0.44 - 0.16 * hotter, 0.23 + 0.08 * hotter], axis=1)
    magnitude = np.clip(rng.normal(14.4, 1.1, count), 11, 16)
    photons = 22e-6 * 10 ** (0.22 * (magnitude - 12))
    cdpp_6h = np.hypot(20e-6, photons) * rng.lognormal(0, 0.25, count)
    return Targets(
        density=_lognormal(rng, count, median=1.0, spread=0.6, bounds=(0.1, 6)),
        limb=limb.astype(np.float32),
        noise=(cdpp_6h * np.sqrt(0.25 / CADENCE_DAYS)).astype(np.float32),
        watched_days=rng.choice(QUARTERS_DAYS, count, p=QUARTERS_SHARE).astype(np.float32),
    )


def _orbits(targets: Targets, periods: Column, impact: Column) -> Orbits:
    scale = SOLAR_SCALE * np.cbrt(targets.density * periods**2)
    return Orbits(periods, np.maximum(scale, 1.5).astype(np.float32), impact, np.full_like(periods, 0.02), targets.limb)


def _planets(targets: Targets, orbits: Orbits, snr: Column) -> Systems:
    """Give the planets the radii at which the fold shows them with `snr`."""
    transits = np.maximum(targets.watched_days / orbits.period_days, 1)
    cadences = np.maximum(transits * duration_days(orbits) / CADENCE_DAYS, 1)
    ratio = np.sqrt(snr * targets.noise / np.sqrt(cadences))
    orbits = replace(orbits, ratio=np.clip(ratio, 0.003, LARGEST_PLANET).astype(np.float32))
    dark = np.zeros_like(snr)
    return Systems(targets, orbits, Companions(dark, dark + 1, dark, np.zeros(len(snr), bool), dark))


def _stars(orbits: Orbits, is_twin: NDArray[np.bool_], tide: Column, rng: Generator) -> Companions:
    count = len(tide)
    brightness = np.minimum(orbits.ratio * rng.lognormal(0, 0.4, count), 1.2)
    share = np.where(rng.random(count) < 0.6, 1, 10 ** rng.uniform(-1.8, -0.3, count))
    is_eccentric = (orbits.period_days > 5) & (rng.random(count) < 0.5)  # tides make closer orbits round
    drift = np.where(is_eccentric, np.clip(rng.normal(0, 0.1, count), -0.3, 0.3), 0)
    return Companions(
        brightness.astype(np.float32),
        share.astype(np.float32),
        np.where(is_twin, 0, 0.5 + drift).astype(np.float32),
        is_twin,
        tide,
    )


def _uniform(rng: Generator, count: int, low: float, high: float) -> Column:
    return rng.uniform(low, high, count).astype(np.float32)


def _lognormal(rng: Generator, count: int, *, median: float, spread: float, bounds: tuple[float, float]) -> Column:
    return np.clip(median * rng.lognormal(0, spread, count), *bounds).astype(np.float32)
