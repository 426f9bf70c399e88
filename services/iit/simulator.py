"""Simulate visits of patients and whether their treatment was interrupted after it: the same seed, the same visits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.random import Generator
from numpy.typing import NDArray

from services.iit.attendance import attendance, laboratory
from services.iit.people import Columns, days_on_art, people, treatment
from services.iit.risk import log_odds

NEW = 14  # days on treatment up to which there is no visit before, no refill and no result
LEFT_OUT = {
    "weight_kg": 0.15, "who_stage": 0.4, "tb_symptoms": 0.1, "is_pregnant_or_breastfeeding": 0.1, "education": 0.3,
    "marital_status": 0.2, "is_employed": 0.25, "has_treatment_supporter": 0.15, "distance_km": 0.25, "cd4": 0.55,
    "viral_load": 0.2,
}  # fmt: skip
OF_REFILLS = ("last_visit_date", "appointment_date", "mean_days_late_12m", "possession_ratio")


@dataclass(frozen=True)
class Cohort:
    """visits: one row a patient, a column a field of the service; null where the clinic knows nothing."""

    visits: pa.Table
    interrupted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.interrupted)

    def only(self, rows: NDArray[np.int64]) -> "Cohort":
        """The visits at `rows`, in that order."""
        return Cohort(self.visits.take(pa.array(rows)), self.interrupted[rows])


def simulate(visits: int, *, seed: int) -> Cohort:
    """Draw `visits` visits, one a patient; about one in seven is the last for a while."""
    if visits < 1:
        raise ValueError(f"expected at least 1 visit to simulate, got {visits}")
    rng = np.random.default_rng(seed)
    steadiness = rng.normal(size=visits)
    patients = people(visits, rng)
    patients |= treatment(patients, rng)
    patients |= attendance(patients, steadiness, rng)
    patients |= laboratory(patients, steadiness, rng)
    chance = 1 / (1 + np.exp(-log_odds(patients, steadiness)))
    interrupted = rng.random(visits) < chance
    return Cohort(_recorded(patients, _unknown(patients, steadiness, rng)), interrupted)


def _unknown(patients: Columns, steadiness: NDArray[np.float64], rng: Generator) -> Mapping[str, NDArray[np.bool_]]:
    """What the clinic did not write down. Who comes rarely is measured rarely, and who is new has no results yet."""
    count, days = len(steadiness), days_on_art(patients)
    unknown = {name: rng.random(count) < share for name, share in LEFT_OUT.items()}
    unknown["is_pregnant_or_breastfeeding"] |= patients["sex"] == "MALE"
    unknown["viral_load"] |= (rng.random(count) < np.where(days < 180, 0.9, 0.12)) | (steadiness < -1.6)
    return unknown | dict.fromkeys(OF_REFILLS, days <= NEW)


def _recorded(patients: Columns, unknown: Mapping[str, NDArray[np.bool_]]) -> pa.Table:
    columns = {name: pa.array(_plain(values), mask=unknown.get(name)) for name, values in patients.items()}
    return pa.table(columns)


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(object) if values.dtype.kind == "U" else values
