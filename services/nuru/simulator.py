"""Simulate seasons of maize on plots in Kenya, and what was harvested: the same seed, the same harvests.

What is published about each step stands in `weather` and `maize`; here the steps are put together, and what satellites
see and scales say of it is drawn. A season is a column of each name: numbers are NaN where they are missing.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from services.nuru import maize
from services.nuru.plots import KNOWN, Plots
from services.nuru.regions import SEASONS, SHORT_RAINS, Column, of_regions
from services.nuru.sowing import FIRST_YEAR, LAST_YEAR, Seasons, Sown, sown
from services.nuru.weather import SEEN, Daily, Place, Weather, weather

TARGET = "yield"
Columns = dict[str, NDArray[np.generic]]

RAIN_DAY_MM = 1.0
LOCAL_RAIN_SPREAD = 0.12  # of the logarithm: what showers on one plot and not on the next
HARVEST_SPREAD, SCALE_KG = 0.24, 110.0  # of the logarithm; and what bags are misjudged by, kg/ha
LEAF_AREA_PER_TONNE = 0.55
LEAF_SPREAD = 0.35  # of the logarithm: leaves for the same grain
SHADE_LEAF_AREA = 0.35  # of weeds and hedges
NDVI_NOISE = 0.03
CLEAR_NDVI_SHARE = 0.94
LOST = {  # which columns are missing together, and how often
    ("mean_ndvi", "max_ndvi"): 0.09,
    ("precip_total", "rain_days", "longest_dry_spell"): 0.02,
    ("soil_ph", "soil_carbon", "clay"): 0.05,
    ("nitrogen",): 0.07,
}


def harvests(plots: Plots, *, seasons: int, seed: int) -> Columns:
    """`seasons` seasons of every plot, of those before the newest; the column `yield` is in kg/ha."""
    rng = np.random.default_rng([seed, 2])
    rows = np.repeat(np.arange(len(plots)), seasons)
    number = rng.integers(0, 2 * (LAST_YEAR - FIRST_YEAR) + 1, len(rows))
    return _grown(sown(plots.only(rows), Seasons(FIRST_YEAR + number // 2, number % 2), seed, rng), rng)


def newest(plots: Plots, *, seed: int) -> Columns:
    """The newest season of every plot: the short rains of 2021."""
    rng = np.random.default_rng([seed, 3])
    count = len(plots)
    seasons = Seasons(np.full(count, LAST_YEAR), np.full(count, SEASONS.index(SHORT_RAINS)))
    return _grown(sown(plots, seasons, seed, rng), rng)


def _grown(sown: Sown, rng: Generator) -> Columns:
    seen = weather(_place(sown, rng), rng)
    coefficient = maize.crop_coefficient(maize.growth_days(seen))
    standing = _standing(sown, seen, coefficient)
    weighed = standing * rng.lognormal(0, HARVEST_SPREAD, len(standing)) + rng.normal(0, SCALE_KG, len(standing))
    columns = {**_asked(sown), **_of_weather(seen), **_of_canopy(standing, coefficient, rng), **_surveyed(sown)}
    return {**_lost(columns, rng), TARGET: np.maximum(weighed, 0).round(0)}


def _place(sown: Sown, rng: Generator) -> Place:
    spread = of_regions("spread_days", sown.plots.region)
    return Place(
        altitude_m=sown.plots.altitude,
        planting_day=sown.planting_day,
        rain_mm=sown.rain_mm * rng.lognormal(0, LOCAL_RAIN_SPREAD, len(spread)),
        peak_day=1.1 * spread - sown.days_late,
        spread_days=spread,
    )


def _standing(sown: Sown, seen: Weather, coefficient: Daily) -> Column:
    """Grain in kg/ha as it stands before the harvest."""
    plots = sown.plots
    supplied = maize.water_supplied(seen, coefficient, 70 + 1.8 * plots.clay)
    hot = np.where(coefficient > 0, maize.hot_degrees(seen), 0).sum(axis=1)
    return np.asarray(
        maize.potential_kg_per_ha(seen, coefficient)
        * maize.water_response(supplied)
        * maize.heat_response(hot, supplied)
        * maize.nitrogen_response(sown.nitrogen, plots.soil_carbon)
        * maize.delay_response(sown.days_late)
        * maize.acidity_response(plots.soil_ph)
        * np.where(sown.improved_seed, maize.SEED_GAIN, 1.0)
        * plots.husbandry
    )


def _asked(sown: Sown) -> Columns:
    plots = sown.plots
    return {
        "plot_id": plots.plot_id,
        "latitude": plots.latitude,
        "longitude": plots.longitude,
        "planting_date": sown.planting_date,
        "season": np.array(SEASONS)[sown.seasons.season],
        "altitude": plots.altitude,
    }


def _of_weather(seen: Weather) -> Columns:
    rain = seen.rain_mm[:, :SEEN]
    return {
        "precip_total": rain.sum(axis=1).round(1),
        "rain_days": (rain >= RAIN_DAY_MM).sum(axis=1).astype(np.float64),
        "longest_dry_spell": _longest_run(rain < RAIN_DAY_MM),
        "gdd_sum": maize.growing_degrees(seen)[:, :SEEN].sum(axis=1).round(1),
        "heat_sum": maize.hot_degrees(seen)[:, :SEEN].sum(axis=1).round(1),
    }


def _of_canopy(standing: Column, coefficient: Daily, rng: Generator) -> Columns:
    """What a satellite sees: leaves grow with the crop, and not only with its grain."""
    course = np.clip((coefficient[:, :SEEN] - maize.COEFFICIENTS[0]) / 0.9, 0, 1)
    leaves = SHADE_LEAF_AREA + LEAF_AREA_PER_TONNE * (standing / 1000 + 0.8) * rng.lognormal(
        0, LEAF_SPREAD, len(standing)
    )
    noise = rng.normal(0, NDVI_NOISE, len(standing))
    seen = maize.ndvi(course * leaves[:, None])
    return {
        "mean_ndvi": (CLEAR_NDVI_SHARE * seen.mean(axis=1) + noise).round(3),
        "max_ndvi": (CLEAR_NDVI_SHARE * seen.max(axis=1) + noise).round(3),
    }


def _surveyed(sown: Sown) -> Columns:
    plots = sown.plots
    return {
        "soil_ph": plots.soil_ph,
        "soil_carbon": plots.soil_carbon,
        "clay": plots.clay,
        "nitrogen": sown.nitrogen,
        "improved_seed": sown.improved_seed,
    }


def _lost(columns: Columns, rng: Generator) -> Columns:
    """Clouds, gaps in the grid and forgetful farmers leave cells empty, but for the plots of the documents."""
    others = columns["plot_id"].astype(np.int64) > len(KNOWN)
    drawn = {names: (rng.random(len(others)) < share) & others for names, share in LOST.items()}
    gaps = {name: gap for names, gap in drawn.items() for name in names}
    return {name: np.where(gaps[name], np.nan, of) if name in gaps else of for name, of in columns.items()}


def _longest_run(true: NDArray[np.bool_]) -> Column:
    longest = run = np.zeros(len(true))
    for day in true.T:
        run = np.where(day, run + 1, 0)
        longest = np.maximum(longest, run)
    return longest
