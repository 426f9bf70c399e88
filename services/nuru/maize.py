"""What maize makes of its season: response curves as they were published, each on its own.

Potential growth: radiation use efficiency (Sinclair & Muchow 1999, Advances in Agronomy 65). Growing degree days:
McMaster & Wilhelm 1997 (Agricultural and Forest Meteorology 87). Water: reference evapotranspiration after Hargreaves,
crop coefficients, stages and depletion of FAO-56 (Allen et al. 1998), the yield response of FAO-33 (Doorenbos & Kassam
1979). Heat: Lobell et al. 2011 (Nature Climate Change 1). Nitrogen: Mitscherlich's law, as compared by Cerrato &
Blackmer 1990 (Agronomy Journal 82). Delay: Cooper & Law 1977 (Journal of Agricultural Science 89). Seed: the trials of
Allan 1971 around Kitale. Acid soils: Kanyanjua et al. 2002 (KARI Technical Note 11). Canopy seen from above: Baret &
Guyot 1991 (Remote Sensing of Environment 35).
"""

import numpy as np

from services.nuru.regions import Column
from services.nuru.weather import DAYS, Daily, Weather

BASE_C, CAP_C, HOT_C = 10.0, 30.0, 30.0
MATURE_GDD = 1500.0
LEAST_DAYS, MOST_DAYS = 95, DAYS
STAGES = np.array([0, 30, 80, 140, 180]) / 180  # initial, development, mid-season, late: FAO-56, East Africa
COEFFICIENTS = np.array([0.30, 0.30, 1.20, 1.20, 0.35])
SUN_MJ = 36.0  # extraterrestrial, a day at the equator
MM_PER_MJ = 0.408
DEPLETION = 0.55
YIELD_RESPONSE = 1.25
HARVEST_INDEX = 0.45
GRAMS_PER_MJ = 1.6
HEAT_LOSS_WET, HEAT_LOSS_DRY = 0.010, 0.017
LOSS_PER_DAY = 0.015  # 0.6 t/ha a week, of trials that gave 5 to 6
MITSCHERLICH = 0.016
RECOVERED = 0.45  # of the nitrogen in fertiliser, by the crop
MINERALISED_PER_CARBON = 2.2  # kg/ha a season for each g/kg of soil carbon
SEED_GAIN = 1.18  # hybrids against local maize: 0.86 of 5.15 t/ha apart
ACID_PH, LOSS_PER_PH = 5.5, 0.45
BARE_NDVI, FULL_NDVI, EXTINCTION = 0.18, 0.88, 0.6


def growing_degrees(weather: Weather) -> Daily:
    """A day's mean less the base, both ends of the day held between base and cap."""
    low, high = (np.clip(ends, BASE_C, CAP_C) for ends in (weather.least_c, weather.most_c))
    return np.asarray((low + high) / 2 - BASE_C)


def hot_degrees(weather: Weather) -> Daily:
    """Degree days above 30 degC, where the day's course is a triangle."""
    above = np.maximum(weather.most_c - HOT_C, 0)
    return np.asarray(above**2 / (2 * (weather.most_c - weather.least_c)))


def growth_days(weather: Weather) -> Column:
    """From planting to maturity; farmers choose varieties that their height lets ripen."""
    return np.asarray(np.clip(MATURE_GDD / growing_degrees(weather).mean(axis=1), LEAST_DAYS, MOST_DAYS))


def crop_coefficient(days: Column) -> Daily:
    """[N, DAYS]; 0 after maturity."""
    stage = np.arange(DAYS) / days[:, None]
    return np.where(stage <= 1, np.interp(stage, STAGES, COEFFICIENTS), 0.0)


def reference_evapotranspiration(weather: Weather) -> Daily:
    """Millimetres a day: FAO-56, equation 52."""
    span = np.sqrt(weather.most_c - weather.least_c)
    return np.asarray(0.0023 * (weather.mean_c + 17.8) * span * SUN_MJ * MM_PER_MJ)


def water_supplied(weather: Weather, coefficient: Daily, holds_mm: Column) -> Column:
    """Actual over wanted evapotranspiration, by a day-to-day balance of the root zone, which `holds_mm` of water."""
    wanted = coefficient * reference_evapotranspiration(weather)
    missing = 0.6 * holds_mm  # most of the dry season's deficit is still there at planting
    used = np.zeros(len(holds_mm))
    for day in range(DAYS):
        missing = np.maximum(missing - _soaked(weather.rain_mm[:, day]), 0)
        stress = np.clip((holds_mm - missing) / ((1 - DEPLETION) * holds_mm), 0, 1)
        used += stress * wanted[:, day]
        missing = np.minimum(missing + stress * wanted[:, day], holds_mm)
    return np.asarray(used / wanted.sum(axis=1))


def _soaked(rain_mm: Column) -> Column:
    """A third of what falls above 25 mm in a day runs off."""
    return np.asarray(np.minimum(rain_mm, 25) + np.maximum(rain_mm - 25, 0) * 2 / 3)


def potential_kg_per_ha(weather: Weather, coefficient: Daily) -> Column:
    """Grain where nothing lacks: light caught by the canopy, at the efficiency that the warmth allows."""
    caught = 0.9 * np.clip((coefficient - 0.3) / 0.9, 0, 1)
    light = 0.16 * np.sqrt(weather.most_c - weather.least_c) * SUN_MJ
    warmth = np.clip((weather.mean_c - 8) / 11, 0, 1)
    return np.asarray((GRAMS_PER_MJ * caught * light * warmth).sum(axis=1) * HARVEST_INDEX * 10)


def water_response(supplied: Column) -> Column:
    return np.maximum(1 - YIELD_RESPONSE * (1 - supplied), 0.02)


def heat_response(hot: Column, supplied: Column) -> Column:
    dry = np.clip((1 - supplied) / 0.4, 0, 1)
    return np.asarray(np.exp(-hot * (HEAT_LOSS_WET + dry * (HEAT_LOSS_DRY - HEAT_LOSS_WET))))


def nitrogen_response(fertiliser_kg: Column, carbon: Column) -> Column:
    supplied = MINERALISED_PER_CARBON * carbon + RECOVERED * fertiliser_kg
    return np.asarray(1 - np.exp(-MITSCHERLICH * supplied))


def delay_response(days_late: Column) -> Column:
    return np.asarray(np.exp(-LOSS_PER_DAY * np.maximum(days_late, 0)))


def acidity_response(ph: Column) -> Column:
    return np.asarray(np.clip(1 - LOSS_PER_PH * (ACID_PH - ph), 0.3, 1))


def ndvi(leaf_area: Daily) -> Daily:
    """Beer's law: a closing canopy saturates it."""
    return np.asarray(FULL_NDVI - (FULL_NDVI - BARE_NDVI) * np.exp(-EXTINCTION * leaf_area))
