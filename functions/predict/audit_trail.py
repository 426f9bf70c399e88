"""What an audit record says of one prediction: who was told what about whom, by which model. Never a feature."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from math import isfinite
from time import gmtime, strftime
from typing import Any

import orjson

from functions.predict.audit_log import AuditLog
from functions.predict.telemetry import Observation
from serinus.audit import EVENT, Pseudonyms
from serinus.prediction import Answers, Classes
from serinus.sections import Bands

ALL = "*"  # in place of a model: all of them, made one
DIGITS = 4  # of probabilities: all of them would tell rows apart
Json = dict[str, Any]
Spoken = tuple[str, str | None, Answers | None]


@dataclass(frozen=True)
class Trail:
    """Makes records and writes them. clock: seconds since the epoch."""

    log: AuditLog
    pseudonyms: Pseudonyms
    release: str
    clock: Callable[[], float]

    def record(self, seen: Observation, who: str, status: int) -> None:
        """OSError when not all of it could be written."""
        about = {
            "event": EVENT,
            "when": _instant(self.clock()),
            "who": who,
            "service": self.pseudonyms.service,
            "release": self.release,
            "request_id": seen.request_id,
            "key": self.pseudonyms.key_id,
        }
        samples = self._answered(seen) if status < HTTPStatus.BAD_REQUEST else self._unanswered(seen, status)
        self.log.write([orjson.dumps(about | sample) for sample in samples])

    def _answered(self, seen: Observation) -> Iterator[Json]:
        spoken: list[Spoken] = [(one.model, one.version, one.answers) for one in seen.predicted]
        if seen.combined is not None:
            spoken.append((ALL, None, seen.combined))
        answered: set[int] = set()
        for model, version, answers in spoken:
            for place, told in zip(seen.subjects.rows, outcomes(answers, seen.subjects.bands), strict=True):
                answered.add(place)
                yield {**self._sample(seen, place), "model": model, "version": version, **told}
        for place in range(seen.subjects.samples):
            if place not in answered:
                yield {**self._sample(seen, place), "outcome": "refused"}

    def _unanswered(self, seen: Observation, status: int) -> Iterator[Json]:
        outcome = "failed" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "refused"
        for place in range(seen.subjects.samples):
            yield {**self._sample(seen, place), "outcome": outcome, "status": status}

    def _sample(self, seen: Observation, place: int) -> Json:
        entity = seen.subjects.entities.get(place)
        return {
            "sample": place,
            "entity": None if entity is None else self.pseudonyms.of_entity(entity),
            "features_from_store": place in seen.subjects.stored,
        }


def outcomes(answers: Answers | None, bands: Bands | None) -> list[Json]:
    """What each row was told."""
    if isinstance(answers, Classes):
        return _classes(answers, bands)
    assert answers is not None
    values = answers.values.tolist()
    return [
        {"outcome": "answered", "value": float(f"{value:.6g}")} if isfinite(value) else {"outcome": "refused"}
        for value in values
    ]


def _classes(answers: Classes, bands: Bands | None) -> list[Json]:
    told: list[Json] = []
    column = answers.labels.index(bands.label) if bands else 0
    for id_, shares in zip(answers.ids.tolist(), answers.probabilities.tolist(), strict=True):
        if not all(map(isfinite, shares)):
            told.append({"outcome": "refused"})
            continue
        one = {"outcome": "answered", "class": answers.labels[id_], "confidence": round(shares[id_], DIGITS)}
        told.append(one | {"band": bands.of(shares[column])} if bands else one)
    return told


def _instant(now: float) -> str:
    """`now`, in seconds since the epoch, as RFC 3339 in UTC with milliseconds."""
    ms = int(now * 1000)
    return f"{_second(ms // 1000)}.{ms % 1000:03}Z"


@lru_cache(maxsize=1)
def _second(now: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(now))
