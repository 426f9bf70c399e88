"""Simulated plots: where they lie, what their soil is like, and how well they are kept."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from services.nuru.regions import REGIONS, Column, of_regions

KNOWN = ((-0.499127, 37.612253, 1252.08), (-0.501234, 37.614567, 1257.31))  # plots 1 and 2 of the owners' documents
REACH_DEG = 0.16
HILLS_M = 130.0
LOWEST_M = 5.0


@dataclass(frozen=True)
class Plots:
    """Column by column. region: places in REGIONS; carbon: g/kg; clay: %; husbandry: weeding, spacing, pests, as a
    share of what could be harvested; inputs: how much of seed and fertiliser its farmer can afford, about 0."""

    plot_id: NDArray[np.int64]
    region: NDArray[np.int64]
    latitude: Column
    longitude: Column
    altitude: Column
    soil_ph: Column
    soil_carbon: Column
    clay: Column
    husbandry: Column
    inputs: Column

    def __len__(self) -> int:
        return len(self.plot_id)

    def only(self, rows: NDArray[np.int64]) -> "Plots":
        """The plots at `rows`, in that order; the same one may come again."""
        return Plots(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def simulate(count: int, *, seed: int) -> Plots:
    """Draw `count` plots; the first two lie where the owners' documents ask for them."""
    if count < len(KNOWN):
        raise ValueError(f"expected at least {len(KNOWN)} plots to simulate, got {count}")
    rng = np.random.default_rng([seed, 1])
    region = rng.choice(len(REGIONS), count, p=[region.share for region in REGIONS])
    region[: len(KNOWN)] = 0
    where = [_around(name, region, REACH_DEG, rng) for name in ("latitude", "longitude")]
    altitude = np.maximum(_around("altitude_m", region, HILLS_M, rng), LOWEST_M)
    for plot, known in enumerate(KNOWN):
        where[0][plot], where[1][plot], altitude[plot] = known
    return Plots(
        plot_id=np.arange(1, count + 1),
        region=region,
        latitude=where[0].round(6),
        longitude=where[1].round(6),
        altitude=altitude.round(2),
        soil_ph=np.clip(_around("ph", region, 0.45, rng), 4.2, 8.2).round(2),
        soil_carbon=(of_regions("carbon", region) * rng.lognormal(0, 0.3, count)).round(1),
        clay=np.clip(_around("clay", region, 8, rng), 5, 75).round(1),
        husbandry=np.minimum(rng.lognormal(np.log(0.52), 0.24, count), 1),
        inputs=rng.normal(0, 1, count),
    )


def _around(attribute: str, region: NDArray[np.int64], spread: float, rng: Generator) -> Column:
    return of_regions(attribute, region) + rng.normal(0, spread, len(region))
