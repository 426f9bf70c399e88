"""The light curve of a system before noise: its two eclipses and its tide, bin by bin."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from services.kepler.observation import Counts
from services.kepler.populations import Systems
from services.kepler.transits import PHASES, Curves, Orbits, eclipses


def signal(systems: Systems, counts: Counts, rng: Generator) -> Curves:
    """Relative flux, [N, 784], around 0 outside the eclipses."""
    first, second = primary_eclipse(systems), secondary_eclipse(systems)
    twins = np.flatnonzero(systems.companions.is_twin)
    odd = _odd_share(counts[twins], rng)
    first[twins] *= odd
    second[twins] *= 1 - odd
    return -(first + second + _tide(systems)) * systems.companions.share[:, None]


def primary_eclipse(systems: Systems) -> Curves:
    """The share of the system's light that the companion hides, around phase 0."""
    return eclipses(systems.orbits, np.zeros_like(systems.orbits.ratio)) / (1 + _glow(systems))


def secondary_eclipse(systems: Systems) -> Curves:
    """The share of the system's light that the star hides when its companion passes behind."""
    glow = _glow(systems)
    lost = np.zeros((len(glow), len(PHASES)), np.float32)
    bright = np.flatnonzero(glow)
    lost[bright] = eclipses(_from_the_companion(systems.orbits, bright), systems.companions.eclipsed_at[bright])
    return lost * glow / (1 + glow)


def _glow(systems: Systems) -> Curves:
    """The companion's light in primaries, [N, 1]."""
    glow = systems.orbits.ratio**2 * systems.companions.brightness
    return glow[:, None]


def _from_the_companion(orbits: Orbits, rows: NDArray[np.intp]) -> Orbits:
    """The same orbits, lengths in radii of the companion."""
    inverse = np.reciprocal(orbits.ratio[rows])
    scale, impact = orbits.scale[rows] * inverse, orbits.impact[rows] * inverse
    return Orbits(orbits.period_days[rows], scale, impact, inverse, orbits.limb[rows])


def _odd_share(counts: Counts, rng: Generator) -> Curves:
    """How much of each bin fell on odd orbits: in a fold of few cadences the two depths alternate at random."""
    return (rng.binomial(counts, 0.5) / np.maximum(counts, 1)).astype(np.float32)


def _tide(systems: Systems) -> Curves:
    """Two waves an orbit, faintest in the eclipses; one in the fold of a twin."""
    waves = np.where(systems.companions.is_twin, 1, 2).astype(np.float32)
    tide: Curves = systems.companions.tide[:, None] * np.cos(2 * np.float32(np.pi) * waves[:, None] * PHASES)
    return tide
