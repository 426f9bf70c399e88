"""Join what is known of the chunks into what is known of the job."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from serinus.bulk.plan import Plan
from serinus.errors import JobError


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(Record):
    file: str
    rows: int
    sha256: str


class Marker(Record):
    """Says that a chunk is done. quarantine: none if it had no bad row."""

    predictions: Part
    quarantine: Part | None = None

    @property
    def rows_bad(self) -> int:
        return self.quarantine.rows if self.quarantine else 0

    @property
    def rows_in(self) -> int:
        return self.predictions.rows + self.rows_bad

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.predictions, self.quarantine) if self.quarantine else (self.predictions,)


class Manifest(Record):
    """_SUCCESS.json: what the job wrote. Nothing else in the folder counts."""

    job: str
    service: str
    model: str
    model_version: str
    digests: dict[str, str]
    input: str
    rows_in: int
    rows_ok: int
    rows_bad: int
    format: str
    predictions: tuple[Part, ...]
    quarantine: tuple[Part, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.predictions + self.quarantine


def collect(plan: Plan, markers: Mapping[int, Marker]) -> Manifest:
    """The manifest of a job whose chunks are all done; JobError when too many rows are bad."""
    if sorted(markers) != list(range(len(markers))):
        raise JobError(f"chunks are missing: only {sorted(markers)} are done")
    ordered = [markers[index] for index in sorted(markers)]
    rows, bad = sum(marker.rows_in for marker in ordered), sum(marker.rows_bad for marker in ordered)
    if bad > plan.max_bad_rate * rows:
        raise too_many_bad(plan, bad, rows)
    return Manifest(
        job=plan.job,
        service=plan.scorer.ensemble.service.name,
        model=plan.scorer.model,
        model_version=plan.scorer.version,
        digests=plan.scorer.digests,
        input=plan.input,
        rows_in=rows,
        rows_ok=rows - bad,
        rows_bad=bad,
        format=plan.format,
        predictions=tuple(marker.predictions for marker in ordered),
        quarantine=tuple(marker.quarantine for marker in ordered if marker.quarantine),
    )


def too_many_bad(plan: Plan, bad: int, rows: int) -> JobError:
    return JobError(f"{bad} of {rows} rows read are bad, more than max_bad_rate = {plan.max_bad_rate} allows")
