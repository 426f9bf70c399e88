"""When and how a plot was sown, season by season, and what kind of season it was."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from services.nuru.plots import Plots
from services.nuru.regions import REGIONS, SEASONS, Column

FIRST_YEAR, LAST_YEAR = 2014, 2021
YEARLY_SPREAD = np.array([0.22, 0.34])  # of the logarithm of a region's rain, long and short rains
ONSET_DAYS = 6.0
LATE_SHAPE, LATE_DAYS, EARLIEST_DAYS = 1.6, 6.5, -2.0
BAG_KG = 16.0
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Seasons:
    """Which season, row by row: a year, and a place in SEASONS."""

    year: Numbers
    season: Numbers


@dataclass(frozen=True)
class Sown:
    """Seasons of plots, row by row.

    rain_mm: what the region gets in 120 days this time; planting_day: of the year; days_late: after the onset of the
    rains; nitrogen: kg/ha
    """

    plots: Plots
    seasons: Seasons
    rain_mm: Column
    planting_day: Column
    days_late: Column
    nitrogen: Column
    improved_seed: NDArray[np.bool_]

    @property
    def planting_date(self) -> NDArray[np.datetime64]:
        new_year = (self.seasons.year - 1970).astype("datetime64[Y]").astype("datetime64[D]")
        return np.asarray(new_year + (self.planting_day - 1).astype("timedelta64[D]"))


def sown(plots: Plots, seasons: Seasons, climate: int, rng: Generator) -> Sown:
    """`plots`, row by row, as they were sown in `seasons`; the same `climate`, the same good and bad years."""
    count = len(plots)
    at = (seasons.year - FIRST_YEAR, seasons.season, plots.region)
    wetness, moved = _years(climate)
    onset = np.array([region.onset for region in REGIONS])[plots.region, seasons.season] + moved[at]
    rain = np.array([region.rain_mm for region in REGIONS])[plots.region, seasons.season] * wetness[at]
    planting_day = np.round(onset + rng.gamma(LATE_SHAPE, LATE_DAYS, count) + EARLIEST_DAYS)
    fertilises = rng.random(count) < _chance(0.4 + 1.2 * plots.inputs)
    amount = rng.gamma(2.5, BAG_KG * np.exp(0.3 * plots.inputs))
    return Sown(
        plots=plots,
        seasons=seasons,
        rain_mm=rain,
        planting_day=planting_day,
        days_late=planting_day - onset,
        nitrogen=np.where(fertilises, amount, 0).round(1),
        improved_seed=rng.random(count) < _chance(0.6 + plots.inputs),
    )


def _years(climate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of every year, season and region: rain as a share of the usual, and by how many days the onset moved."""
    rng = np.random.default_rng([climate, 4])
    shape = (LAST_YEAR - FIRST_YEAR + 1, len(SEASONS), len(REGIONS))
    spread = YEARLY_SPREAD[:, None]
    country, region = rng.normal(size=(*shape[:2], 1)), rng.normal(size=shape)
    wetness = np.exp(spread * np.sqrt(0.5) * (country + region) - spread**2 / 2)
    return wetness, rng.normal(0, ONSET_DAYS, shape)


def _chance(odds: Column) -> Column:
    return np.asarray(1 / (1 + np.exp(-odds)))
