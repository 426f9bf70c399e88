"""How likely a patient's treatment is interrupted: log-odds, each with where its direction and size come from.

Interrupted is who is not back within 28 days of the next appointment (PEPFAR). Published ratios are taken as they are
where the cohort was like ours, and drawn in where they come from a single setting. The base is ours, for between 10 and
25 % of visits: in Nigeria 32 % of patients were interrupted at some time (Tomescu et al. 2021, BMC Public Health
21:2194), most of them in their first year (BMC Infect Dis 2015, doi 10.1186/s12879-015-1137-z).
"""

import numpy as np
from numpy.typing import NDArray

from services.iit.people import YEAR, Columns, days_on_art

Floats = NDArray[np.float64]
BASE = -3.15
STATES = {"Benue": -0.15, "Lagos": 0.2, "Rivers": 0.15, "Katsina": 0.1, "Plateau": -0.1}  # ours: they differ
MODELS = {"FAST_TRACK": -0.3, "CLUB": -0.6, "COMMUNITY_GROUP": -0.8, "COMMUNITY_PHARMACY": -0.3, "HOME_DELIVERY": -0.5}
STAGES = {"3": np.log(1.30), "4": np.log(1.90)}  # Odafe et al. 2012, PLoS ONE 7(12): e51254
LESSONS = {"NONE": np.log(1.58), "PRIMARY": 0.25}  # less education, Nigeria: BMC Infect Dis 2015, as above
FACILITIES = {"TERTIARY": 0.5}  # a hazard ratio of 2.21 in Odafe et al. 2012, drawn in
LINES = {"SECOND": -0.3, "THIRD": -0.4}  # Tomescu et al. 2021: far fewer, drawn in


def log_odds(patients: Columns, steadiness: Floats) -> Floats:
    return BASE + _person(patients) + _treatment(patients) + _history(patients) + _illness(patients) - 0.45 * steadiness


def _person(patients: Columns) -> Floats:
    """Youth: Lamb et al. 2014, AIDS 28:559. Men 1.3, 45 and older 0.77: AIDS 2024, doi 10.1097/QAD.0000000000003913.

    At least 8 km away: 1.7, Bilinski et al. 2017, PLoS ONE 12(10): e0185699. Nobody who helps: Maskew et al. 2025, Risk
    Manag Healthc Policy 18:1601. Pregnant or breastfeeding: Tenthani et al. 2014, AIDS 28:589, drawn in.
    """
    age = patients["age_years"]
    odds: Floats = (
        0.4 * ((age >= 15) & (age < 25))
        + 0.1 * ((age >= 25) & (age < 35))
        + np.log(0.77) * (age >= 45)
        + np.log(1.3) * (patients["sex"] == "MALE")
        + np.log(1.7) / (1 + np.exp((8 - patients["distance_km"]) / 1.5))
        + 0.3 * ~patients["has_treatment_supporter"]
        + 0.3 * patients["is_pregnant_or_breastfeeding"]
        + _of(patients["education"], LESSONS)
        + _of(patients["state"], STATES)
    )
    return odds


def _treatment(patients: Columns) -> Floats:
    """First year: 39 against 19 and 16 per 100 person-years (BMC Infect Dis 2015, as above).

    Several months of medicine: hazard ratios 0.5 to 0.65 (AIDS 2024, as above). Groups: 99.1 against 89.5 % retained
    after a year in Tete, Mozambique (Decroo et al. 2017, BMJ Open), drawn in, as it is the stable who join them.
    """
    days, dispensed = days_on_art(patients), patients["days_dispensed"]
    odds: Floats = (
        np.log(39 / 16) * (days < YEAR / 2)
        + np.log(30 / 16) * ((days >= YEAR / 2) & (days < YEAR))
        + np.log(19 / 16) * ((days >= YEAR) & (days < 2 * YEAR))
        + np.log(0.6) * (dispensed >= 90)
        + np.log(0.8) * (dispensed >= 180)
        + _of(patients["dsd_model"], MODELS)
        + _of(patients["facility_type"], FACILITIES)
        + _of(patients["regimen_line"], LINES)
        + 0.15 * (patients["visit_date"] >= np.datetime64("2024-11-15"))  # ours: people travel around Christmas
    )
    return odds


def _history(patients: Columns) -> Floats:
    """Late visits first of all: Maskew et al. 2022, Sci Rep 12:12715. Returning after a break: Maskew et al. 2025."""
    late = (patients["visit_date"] - patients["appointment_date"]).astype(np.int64)
    odds: Floats = (
        0.3 * np.minimum(patients["missed_refills_12m"], 4)
        + 0.02 * np.minimum(patients["mean_days_late_12m"], 30)
        + 0.35 * np.minimum(patients["prior_interruptions"], 3)
        + 0.25 * ((late > 7) & (late <= 28))
        + 0.6 * (late > 28)
    )
    return odds


def _illness(patients: Columns) -> Floats:
    """High CD4 counts early in treatment (3.21 times the rate in BMC Infect Dis 2015, drawn in); a high viral load."""
    feels_well = (patients["cd4"] > 350) & (days_on_art(patients) < 2 * YEAR)
    odds: Floats = (
        0.45 * feels_well
        + 0.5 * (patients["viral_load"] >= 1000)
        + 0.15 * patients["tb_symptoms"]
        + _of(patients["who_stage"], STAGES)
    )
    return odds


def _of(words: NDArray[np.str_], effects: dict[str, float]) -> Floats:
    return np.asarray(sum(effect * (words == word) for word, effect in effects.items()), np.float64)
