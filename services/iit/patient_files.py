"""Simulated patients as the files a clinic would have: features for the store, and visits to score in bulk."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from serinus.service import Service
from services.iit.lesson import PATIENT
from services.iit.simulator import Cohort

FEATURES = "patient_features.parquet"
VISITS = "visits.csv"


def write(folder: Path, cohort: Cohort, service: Service) -> None:
    """What is stored of each patient; and all there is to say of each visit, with its outcome as `interrupted`.

    Bulk jobs look nothing up: a file has every field.
    """
    folder.mkdir(parents=True, exist_ok=True)
    every = [field.name for field in service.input.given]
    stored = [field.name for field in service.input.given if field.source != "request"]
    pa.parquet.write_table(cohort.visits.select([PATIENT, *stored]), folder / FEATURES)
    outcomes = pa.array(cohort.interrupted)
    pa.csv.write_csv(cohort.visits.select(every).append_column("interrupted", outcomes), folder / VISITS)
