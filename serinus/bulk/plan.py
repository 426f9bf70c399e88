"""What a job will do, decided before any of it is done."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from serinus.bulk.chunk import Reading
from serinus.bulk.columns import Columns, match, match_fields
from serinus.bulk.formats import Format
from serinus.bulk.score import output_columns
from serinus.bulk.scorer import BATCH_ROWS, Scorer
from serinus.bulk.sources import Cut, Source, identity, open_source
from serinus.record import Form
from serinus.service import Service

LAYOUT = 1  # of the output; another one makes another job


@dataclass(frozen=True)
class Request:
    """What is asked for. keep: the id columns to keep, or none for all columns that are no features."""

    path: Path
    format: Format = "parquet"
    keep: Sequence[str] = ()
    cut: Cut = field(default_factory=Cut)


@dataclass(frozen=True)
class Plan:
    """job: names what is done to what, so that only the very same job is ever continued. input: the file's identity.
    form: what makes rows of the columns, where the service has fields."""

    job: str
    path: Path
    input: str
    source: Source
    scorer: Scorer
    columns: Columns
    format: Format
    form: Form | None = None

    @property
    def max_bad_rate(self) -> float:
        return self.scorer.ensemble.service.bulk.max_bad_rate

    @property
    def is_personal(self) -> bool:
        return self.scorer.ensemble.service.privacy.personal

    @property
    def most_bad(self) -> float:
        """More bad rows than this are too many, however many good ones follow."""
        most_good = self.source.most_rows(self.columns)
        if most_good is None or self.max_bad_rate == 1:
            return float("inf")
        return most_good * self.max_bad_rate / (1 - self.max_bad_rate)

    def reading(self, scratch: Path, *, workers: int) -> Reading:
        scorer = self.scorer
        if self.form is not None:
            return Reading(self.columns, scorer.nan_policy, scratch, workers, form=self.form)
        return Reading(self.columns, scorer.nan_policy, scratch, workers, scorer.schema.categories_by_place)


def plan(request: Request, scorer: Scorer) -> Plan:
    """Look at the input and decide; JobError when it cannot be scored."""
    source = open_source(request.path, request.cut)
    service = scorer.ensemble.service
    form = Form.of(service.input, scorer.nan_policy) if service.input.fields else None
    asked = {"keep": request.keep, "taken": output_columns(scorer)}
    columns = match_fields(source.found, form, **asked) if form else match(source.found, scorer.schema, **asked)
    seen = identity(request.path)
    job = _named(
        layout=LAYOUT,
        input=[seen, source.format],
        models=scorer.digests,
        answers=[scorer.model, scorer.version, scorer.labels, scorer.rule],
        columns=asdict(columns),
        format=request.format,
        cut=[asdict(request.cut), BATCH_ROWS],
        fields=_meaning(service),
    )
    return Plan(job, request.path, seen, source, scorer, columns, request.format, form)


def _meaning(service: Service) -> object:
    """What rows are made of, and what is said of bad ones."""
    fields = [field.model_dump(mode="json", exclude={"description", "example"}) for field in service.input.fields]
    return [fields, sorted(service.input.missing), service.privacy.personal]


def _named(**what: object) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
