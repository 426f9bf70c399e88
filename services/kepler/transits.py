"""The light a star loses while a disc, planet or star, passes before it.

Quadratic limb darkening and any size of disc: the integral over rings of Mandel & Agol (2002), done numerically
instead of in elliptic functions. Circular orbits as in Seager & Mallen-Ornelas (2003) and Winn (2010).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.kepler.light_curves import BINS

Column = NDArray[np.float32]
Curves = NDArray[np.float32]

PHASES = ((np.arange(BINS, dtype=np.float32) + 0.5) / BINS - 0.5).astype(np.float32)
CADENCE_DAYS = 0.020434  # 29.4 minutes, Kepler's long cadence
RINGS = 10
RING_ANGLES = (np.arange(RINGS, dtype=np.float32) + np.float32(0.5)) * np.float32(np.pi / RINGS)
EXPOSURE = np.array([-1 / 3, 0, 1 / 3], np.float32)  # a cadence averages 29 minutes: these moments stand for it


@dataclass(frozen=True)
class Orbits:
    """Row by row, lengths in radii of the eclipsed star. limb: [N, 2], quadratic coefficients."""

    period_days: Column
    scale: Column
    impact: Column
    ratio: Column
    limb: NDArray[np.float32]


def duration_days(orbits: Orbits) -> Column:
    """From first to last contact (Winn 2010, equation 14)."""
    return orbits.period_days * 2 * _half_width(orbits)


def eclipses(orbits: Orbits, centre: Column) -> Curves:
    """The fraction of light lost in each bin of the fold, [N, 784], by an eclipse around the phase `centre`."""
    phase = (PHASES - centre[:, None] + 0.5) % 1 - 0.5
    exposure = np.maximum(CADENCE_DAYS / orbits.period_days, 1 / BINS).astype(np.float32)
    rows, bins = np.nonzero(np.abs(phase) < (_half_width(orbits) + exposure / 2)[:, None])
    moments = phase[rows, bins] + EXPOSURE[:, None] * exposure[rows]
    lost = np.zeros_like(phase)
    separation = _separation(orbits, rows, moments)
    lost[rows, bins] = lost_light(separation, orbits.ratio[rows], orbits.limb[rows]).mean(axis=0)
    return lost


def lost_light(separation: NDArray[np.float32], ratio: Column, limb: NDArray[np.float32]) -> NDArray[np.float32]:
    """The fraction of the star's light behind a disc of `ratio` stellar radii, `separation` radii from its centre.

    The disc hides a core whole and, around it, an arc of every ring. The rings are spaced as cosines (Gauss-Chebyshev),
    which takes the square roots at both ends out of the integral: ten of them are good to 0.3 % of the depth.
    """
    inner = np.minimum(np.abs(separation - ratio), 1)
    half = np.maximum(np.minimum(separation + ratio, 1) - inner, 0) / 2
    hidden = np.zeros_like(separation)
    for angle in RING_ANGLES:
        ring = inner + half * (1 - np.cos(angle))
        hidden += _arc(ring, separation, ratio) * _brightness(ring, limb) * ring * np.sin(angle)
    core = np.where(separation < ratio, _core_light(inner, limb), 0)
    total = np.pi * (1 - limb[:, 0] / 3 - limb[:, 1] / 6)
    return np.asarray((core + 2 * half * hidden * np.pi / RINGS) / total, np.float32)


def _half_width(orbits: Orbits) -> Column:
    reach = np.maximum((1 + orbits.ratio) ** 2 - orbits.impact**2, 0)
    sine = np.sqrt(reach / (orbits.scale**2 - orbits.impact**2))
    return np.asarray(np.arcsin(np.minimum(sine, 1)) / (2 * np.pi), np.float32)


def _separation(orbits: Orbits, rows: NDArray[np.intp], phase: NDArray[np.float32]) -> NDArray[np.float32]:
    angle = np.float32(2 * np.pi) * phase
    along = orbits.scale[rows] * np.sin(angle)
    across = orbits.impact[rows] * np.cos(angle)
    separation: NDArray[np.float32] = np.hypot(along, across)
    return separation


def _arc(ring: NDArray[np.float32], separation: NDArray[np.float32], ratio: Column) -> NDArray[np.float32]:
    """Half the angle of the ring that is hidden, from 0 to pi."""
    cosine = (ring**2 + separation**2 - ratio**2) / np.maximum(2 * ring * separation, 1e-9)
    arc: NDArray[np.float32] = np.arccos(np.clip(cosine, -1, 1))
    return arc


def _brightness(ring: NDArray[np.float32], limb: NDArray[np.float32]) -> NDArray[np.float32]:
    shade = 1 - np.sqrt(np.maximum(1 - ring**2, 0))
    brightness: NDArray[np.float32] = 1 - shade * (limb[:, 0] + limb[:, 1] * shade)
    return brightness


def _core_light(radius: NDArray[np.float32], limb: NDArray[np.float32]) -> NDArray[np.float32]:
    """The light inside `radius`, by the integral over the cosine of the angle to the surface."""
    cosine = np.sqrt(np.maximum(1 - radius**2, 0))
    linear, square = limb[:, 0], limb[:, 1]
    uniform = (1 - linear - square) * radius**2 / 2
    darkened = (linear + 2 * square) * (1 - cosine**3) / 3 - square * (1 - cosine**4) / 4
    light: NDArray[np.float32] = 2 * np.pi * (uniform + darkened)
    return light
