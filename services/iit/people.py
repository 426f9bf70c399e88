"""Who is on treatment, and how they get their medicine: made-up patients, as many as are asked for.

Shares and medians are of the size that Nigerian programmes report: 66 % women and most care in secondary facilities in
573,630 records of 16 states (Tomescu et al. 2021, BMC Public Health 21:2194), a median age of 33 years (Odafe et al.
2012, PLoS ONE 7(12): e51254). Nobody's record was used.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]
YEAR = 365
FIRST_VISIT = np.datetime64("2024-01-01")
STATES = {
    "Abuja FCT": 0.09, "Akwa Ibom": 0.14, "Anambra": 0.07, "Benue": 0.17, "Imo": 0.06, "Kaduna": 0.07,
    "Kano": 0.05, "Katsina": 0.03, "Lagos": 0.12, "Nasarawa": 0.06, "Plateau": 0.05, "Rivers": 0.09,
}  # fmt: skip
FACILITIES = {"PRIMARY": 0.25, "SECONDARY": 0.55, "TERTIARY": 0.13, "FAITH_BASED": 0.07}
DISPENSED = np.array([30, 60, 90, 180])


def people(count: int, rng: Generator) -> Columns:
    """Who they are, and where they are cared for."""
    age = np.clip(rng.gamma(9.0, 4.1, count), 1, 90).astype(np.int64)
    is_female = rng.random(count) < 0.66
    can_be_pregnant = is_female & (age >= 15) & (age < 50)
    return {
        "patient_id": np.array([f"IIT-{number:06d}" for number in range(count)]),
        "age_years": age,
        "sex": np.where(is_female, "FEMALE", "MALE"),
        "is_pregnant_or_breastfeeding": can_be_pregnant & (rng.random(count) < 0.12),
        "education": _drawn({"NONE": 0.2, "PRIMARY": 0.25, "SECONDARY": 0.38, "TERTIARY": 0.17}, count, rng),
        "marital_status": _marital(age, rng),
        "is_employed": (age >= 18) & (rng.random(count) < 0.6),
        "has_treatment_supporter": rng.random(count) < 0.7,
        "distance_km": np.round(rng.lognormal(1.6, 0.9, count), 1),  # a median of 5 km
        "state": _drawn(STATES, count, rng),
        "facility_type": _drawn(FACILITIES, count, rng),
    }


def treatment(person: Columns, rng: Generator) -> Columns:
    """Since when and how each person is treated, on the day of the visit."""
    count = len(person["patient_id"])
    visit = _working_days(count, rng)
    is_new = rng.random(count) < 0.2
    days = np.where(is_new, rng.uniform(0, YEAR, count), rng.gamma(2, 1100, count))
    days = np.minimum(days, np.minimum(20.0, person["age_years"] + 0.5) * YEAR)
    is_stable = days > YEAR
    return {
        "visit_date": visit,
        "art_start_date": visit - days.astype(np.int64),
        "regimen_line": _drawn({"FIRST": 0.93, "SECOND": 0.065, "THIRD": 0.005}, count, rng),
        "dsd_model": np.where(is_stable, _models(count, rng), "FACILITY"),
        "days_dispensed": np.where(is_stable, _late(count, rng), _early(count, rng)),
    }


def days_on_art(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    days: NDArray[np.int64] = (columns["visit_date"] - columns["art_start_date"]).astype(np.int64)
    return days


def _models(count: int, rng: Generator) -> NDArray[Any]:
    shares = {"FACILITY": 0.42, "FAST_TRACK": 0.25, "CLUB": 0.1, "COMMUNITY_GROUP": 0.1, "COMMUNITY_PHARMACY": 0.1}
    return _drawn({**shares, "HOME_DELIVERY": 0.03}, count, rng)


def _late(count: int, rng: Generator) -> NDArray[Any]:
    return rng.choice(DISPENSED, count, p=[0.1, 0.15, 0.5, 0.25])


def _early(count: int, rng: Generator) -> NDArray[Any]:
    return rng.choice(DISPENSED, count, p=[0.45, 0.2, 0.33, 0.02])


def _marital(age: NDArray[np.int64], rng: Generator) -> NDArray[Any]:
    grown = _drawn({"SINGLE": 0.25, "MARRIED": 0.56, "WIDOWED": 0.11, "DIVORCED": 0.08}, len(age), rng)
    return np.where(age < 18, "SINGLE", grown)


def _working_days(count: int, rng: Generator) -> NDArray[Any]:
    return np.busday_offset(FIRST_VISIT, rng.integers(0, 260, count), roll="forward")


def _drawn(shares: Mapping[str, float], count: int, rng: Generator) -> NDArray[Any]:
    words: Sequence[str] = list(shares)
    return rng.choice(words, count, p=list(shares.values()))
