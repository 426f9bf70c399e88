"""How patients kept their appointments so far: the history that says most about the next one.

Attendance of the past is the strongest predictor in every published model (Maskew et al. 2022, Sci Rep 12:12715; Esra
et al. 2023, PLOS Glob Public Health 3(7): e0002105). What makes somebody late is drawn once, as `steadiness`, which
nobody records; it shows in the history and acts on the outcome.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from services.iit.people import YEAR, Columns, days_on_art

Floats = NDArray[np.float64]
UNDETECTABLE = 20.0


def attendance(patients: Columns, steadiness: Floats, rng: Generator) -> Columns:
    """Refills and appointments of the last twelve months, and what came before."""
    days = days_on_art(patients)
    seen = np.minimum(days, YEAR)
    due = seen // patients["days_dispensed"]
    strain = 0.5 * (patients["distance_km"] > 8) + 0.4 * ((patients["age_years"] > 14) & (patients["age_years"] < 25))
    chance = _sigmoid(1.5 + 0.9 * steadiness - strain)
    kept = rng.binomial(due, chance)
    missed = rng.binomial(due - kept, 0.45)
    lateness = np.round(rng.gamma(1.5, 2.0 + 5.0 * _sigmoid(-1.2 * steadiness)) + 9.0 * missed / np.maximum(due, 1), 1)
    return {
        "appointments_12m": due,
        "appointments_kept_12m": kept,
        "missed_refills_12m": missed,
        "mean_days_late_12m": np.minimum(lateness, 365.0),
        "possession_ratio": np.round(np.clip(1 - lateness * due / np.maximum(seen, 1) - _noise(due, rng), 0, 1), 3),
        "prior_interruptions": rng.poisson(np.minimum(days / YEAR, 6) * 0.16 * np.exp(-0.7 * steadiness)),
        **_last_visit(patients, steadiness, rng),
    }


def laboratory(patients: Columns, steadiness: Floats, rng: Generator) -> Columns:
    """Newest viral load and CD4 count, weight, and what was found at the visit."""
    count = len(steadiness)
    is_early = days_on_art(patients) < 180
    is_suppressed = rng.random(count) < np.where(is_early, 0.45, _sigmoid(2.0 + 0.8 * steadiness))
    high = np.round(np.exp(rng.normal(9.5, 1.8, count)))
    who = rng.choice(["1", "2", "3", "4"], count, p=[0.74, 0.14, 0.09, 0.03])
    grown = np.minimum(patients["age_years"], 18) / 18
    return {
        "viral_load": np.where(is_suppressed, UNDETECTABLE, np.minimum(high, 1e7)),
        "cd4": np.round(np.clip(rng.gamma(4.0, np.where(is_early, 85, 140)), 2, 2500)),
        "weight_kg": np.round(np.clip(4 + grown * rng.normal(60, 12, count), 3, 160), 1),
        "who_stage": who,
        "tb_symptoms": rng.random(count) < np.where(np.isin(who, ["3", "4"]), 0.25, 0.03),
    }


def _last_visit(patients: Columns, steadiness: Floats, rng: Generator) -> Columns:
    """The visit before, and when this one was due: some days off, more for the unsteady."""
    count = len(steadiness)
    is_delayed = rng.random(count) < _sigmoid(-1.8 - 0.8 * steadiness)
    late = rng.normal(-1, 3, count) + is_delayed * rng.gamma(1.2, 22, count)
    since = np.clip(patients["days_dispensed"] + late, 1, days_on_art(patients).clip(min=1)).astype(np.int64)
    last = patients["visit_date"] - since
    return {"last_visit_date": last, "appointment_date": last + patients["days_dispensed"]}


def _noise(due: NDArray[np.int64], rng: Generator) -> Floats:
    return np.abs(rng.normal(0, 0.03, len(due)))


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-values)), np.float64)
