"""Where maize is grown in Kenya: places, heights and rains, rounded from atlases and station means."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONG_RAINS, SHORT_RAINS = "Long Rains", "Short Rains"
SEASONS = (LONG_RAINS, SHORT_RAINS)
Column = NDArray[np.float64]


@dataclass(frozen=True)
class Region:
    """A district and its rains.

    rain_mm: what falls in the 120 days of the long and of the short rains; onset: their first days of the year
    spread_days: how wide the rains are around their peak: a month in the east, half a year in the west
    ph, carbon, clay: of its soils; share: of the plots
    """

    name: str
    latitude: float
    longitude: float
    altitude_m: float
    rain_mm: tuple[float, float]
    onset: tuple[int, int]
    spread_days: float
    ph: float
    carbon: float
    clay: float
    share: float


REGIONS = (
    Region("Tharaka", -0.50, 37.61, 1250, (400, 470), (80, 284), 28, 6.0, 16, 40, 0.20),
    Region("Machakos", -1.52, 37.26, 1600, (330, 370), (80, 296), 28, 6.2, 11, 32, 0.14),
    Region("Kitui", -1.37, 38.01, 1100, (280, 430), (82, 298), 26, 6.5, 8, 26, 0.10),
    Region("Nakuru", -0.30, 36.07, 1900, (430, 290), (80, 280), 50, 6.1, 24, 34, 0.12),
    Region("Trans Nzoia", 1.02, 35.00, 1890, (560, 260), (78, 262), 75, 5.6, 22, 36, 0.16),
    Region("Kakamega", 0.28, 34.75, 1535, (800, 520), (66, 240), 60, 5.3, 20, 42, 0.14),
    Region("Kisii", -0.68, 34.77, 1750, (760, 560), (60, 244), 60, 5.4, 30, 46, 0.08),
    Region("Kilifi", -3.63, 39.85, 60, (520, 300), (92, 284), 32, 6.3, 8, 20, 0.06),
)


def of_regions(attribute: str, regions: NDArray[np.int64]) -> Column:
    """`attribute` of each of the `regions`, which are places in REGIONS."""
    return np.array([getattr(region, attribute) for region in REGIONS], np.float64)[regions]
