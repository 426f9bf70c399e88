"""What is seen of a request from outside: who asked for what, which model said what, how long it took. Never a feature.

Lambda writes it with Powertools (functions.predict.lambda_telemetry), the server with Prometheus
(functions.predict.server_telemetry); the API only fills in an Observation.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from functions.predict.lookups import Lookups
from functions.predict.redaction import PLAIN, Redaction
from serinus.prediction import Answers
from serinus.sections import Bands


@dataclass(slots=True)
class Predicted:
    """What one model answered in one request.

    classes: how many rows it gave each class, or how many of its values lie in each bin of `serinus.bins`
    answers: to each row, for the audit record alone; values: those that logs may tell
    """

    model: str
    version: str
    seconds: float
    classes: Mapping[str, int]
    invalid: int = 0
    answers: Answers | None = None
    values: Sequence[float] = ()

    @property
    def figures(self) -> float | Mapping[str, float]:
        """The value, where there is one; or what they are like."""
        if len(self.values) == 1:
            return self.values[0]
        low, high, count = min(self.values), max(self.values), len(self.values)
        return {"count": count, "mean": math.fsum(self.values) / count, "min": low, "max": high}


@dataclass(slots=True)
class Subjects:
    """Whom a request is about, sample by sample: for the audit record alone, which tells them by pseudonym.

    entities: of those that name somebody well; rows: which sample each of the models' rows is; stored: the samples some
    of whose features came from the store; bands: the words for probabilities that answers were given
    """

    samples: int = 1
    entities: Mapping[int, str] = field(default_factory=dict)
    rows: Sequence[int] = (0,)
    stored: Collection[int] = ()
    bands: Bands | None = None


@dataclass(slots=True)
class Observation:
    """One request. refused: the names of the fields that were not as expected; caller: the name of the key it came
    with; redaction: what of it may be told; combined: the models' answers made one; lookups: of stored features, since
    the last request that counted them; trouble: why the feature store did not answer."""

    request_id: str
    method: str
    path: str
    status: int = 500
    seconds: float = 0.0
    predicted: list[Predicted] = field(default_factory=list)
    refused: str | None = None
    caller: str | None = None
    redaction: Redaction = PLAIN
    subjects: Subjects = field(default_factory=Subjects)
    combined: Answers | None = None
    lookups: Lookups | None = None
    trouble: str | None = None

    def log_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "request_id": self.request_id,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "latency_ms": round(self.seconds * 1000, 3),
        }
        if self.caller:
            fields["caller"] = self.caller
        if self.predicted:
            fields["models"] = {one.model: one.version for one in self.predicted}
            fields["predictions"] = {one.model: one.classes for one in self.predicted}
        if told := {one.model: one.figures for one in self.predicted if one.values}:
            fields["values"] = told
        if self.refused:
            fields["refused"] = self.refused
        if self.trouble:
            fields["feature_store"] = self.trouble
        return fields


class Telemetry(Protocol):
    def loaded(self, model: str, version: str, seconds: float) -> None:
        """A model was loaded, at start."""

    def dropped(self, model: str, version: str) -> None:
        """A model gave way to another, or to none."""

    def answered(self, seen: Observation) -> None:
        """A request was answered, well or not."""

    def failed(self, seen: Observation, error: Exception) -> None:
        """A request met a mistake of ours; it will be answered with 500."""
