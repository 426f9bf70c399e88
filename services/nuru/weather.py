"""Days of rain and warmth on plots: seasons that differ by place and year.

Rain: wet days come as a Markov chain, and amounts from a gamma distribution (Richardson 1981, Water Resources
Research 17); the short rains differ more from year to year than the long ones (Nicholson 2017, Reviews of Geophysics
55). Warmth: 30.2 - 6.496 degC per km of height, as Kenya's stations above 150 m show (FAO and IIASA 1991, World Soil
Resources Report 71); the coast is cooler than that by the sea.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from services.nuru.regions import Column

DAYS = 180  # the longest that maize stands in the highlands
SEEN = 120  # the days from planting that the features look at
Daily = NDArray[np.float64]

SEA_LEVEL_C, PER_KM_C = 30.2, 6.496
COAST_COOLER_C, COAST_M = 3.2, 300
YEARLY_SWING_C, WARMEST_DAY = 1.4, 70
HALF_RANGE_C = 6.0
WET_AFTER_WET, WET_AFTER_DRY = 1.6, 0.7  # the chance of rain, in shares of what it is on average
AMOUNT_SHAPE = 0.75
DRIZZLE = 0.06  # of the peak falls outside the rains
WETTEST_SHARE = 0.72


@dataclass(frozen=True)
class Place:
    """Where and when a season begins, plot by plot. rain_mm: of its 120 days, this year; peak_day: after planting."""

    altitude_m: Column
    planting_day: Column
    rain_mm: Column
    peak_day: Column
    spread_days: Column


@dataclass(frozen=True)
class Weather:
    """[N, DAYS] from planting on."""

    rain_mm: Daily
    least_c: Daily
    most_c: Daily

    @property
    def mean_c(self) -> Daily:
        return (self.least_c + self.most_c) / 2


def weather(place: Place, rng: Generator) -> Weather:
    rain = _rain(place, rng)
    mean = _mean_c(place)[:, None] + _swing(place) + rng.normal(0, 1.1, rain.shape) - 1.0 * (rain > 1)
    half = np.where(place.altitude_m < COAST_M, 4.0, HALF_RANGE_C)[:, None] - 1.2 * (rain > 1)
    return Weather(rain, mean - half, mean + half)


def _mean_c(place: Place) -> Column:
    inland = SEA_LEVEL_C - PER_KM_C * place.altitude_m / 1000
    return np.where(place.altitude_m < COAST_M, inland - COAST_COOLER_C, inland)


def _swing(place: Place) -> Daily:
    day = place.planting_day[:, None] + np.arange(DAYS)
    return np.asarray(YEARLY_SWING_C * np.cos(2 * np.pi * (day - WARMEST_DAY) / 365.25))


def _rain(place: Place, rng: Generator) -> Daily:
    """Rain whose long-term course is a bell around the peak, and whose 120 days add up to `rain_mm` on average."""
    course = DRIZZLE + np.exp(-0.5 * ((np.arange(DAYS) - place.peak_day[:, None]) / place.spread_days[:, None]) ** 2)
    expected = course * (place.rain_mm / course[:, :SEEN].sum(axis=1))[:, None]
    chance = WETTEST_SHARE * expected / (expected + 4)  # it rains more often and harder in wet weeks
    wet = np.zeros(expected.shape, bool)
    luck = rng.random(expected.shape)
    for day in range(DAYS):
        after = np.where(wet[:, day - 1], WET_AFTER_WET, WET_AFTER_DRY) if day else 1.0
        wet[:, day] = luck[:, day] < np.minimum(chance[:, day] * after, 0.95)
    amounts = rng.gamma(AMOUNT_SHAPE, expected / np.maximum(chance, 1e-9) / AMOUNT_SHAPE)
    return np.where(wet, amounts, 0.0)
