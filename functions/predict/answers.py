"""From a checked request to the body of the answer, whatever is predicted: run a model, refuse what it cannot say."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from time import gmtime, perf_counter, strftime, time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.predict.redaction import Redaction
from functions.predict.telemetry import Observation, Predicted
from functions.predict.wire import BatchRequest, PredictRequest, nothing_good
from serinus.ensemble import Ensemble
from serinus.errors import InputError, Problem
from serinus.prediction import Answers, Classes
from serinus.predictor import Predictor
from serinus.schema import Rows

Json = dict[str, Any]
Problems = Mapping[int, Sequence[Problem]]


def run(ensemble: Ensemble, predictor: Predictor, rows: Rows, seen: Observation) -> Answers:
    """Let one model answer, and note it; an answer that is no number counts as the model's error."""
    metadata = predictor.metadata
    start = perf_counter()
    answers = ensemble.answer(predictor, rows)
    seconds = perf_counter() - start
    failed = unanswered(answers)
    one = Predicted(metadata.model_name, metadata.version, seconds, {}, len(failed), answers)
    if isinstance(answers, Classes):
        one.classes = counts(answers, without=failed)
    else:
        values = np.delete(answers.values, failed) if failed else answers.values
        one.classes = ensemble.bins[metadata.model_name].counts(values)
        one.values = () if ensemble.service.privacy.personal else values.tolist()
    seen.predicted.append(one)
    return answers


def run_all(ensemble: Ensemble, request: PredictRequest, seen: Observation) -> list[Answers]:
    """Every model's answer; InputError when one has none."""
    every = [run(ensemble, predictor, request.rows, seen) for predictor in ensemble.predictors.values()]
    refuse_unanswered(request, seen)
    return every


def unanswered(answers: Answers) -> list[int]:
    """The rows without a finite answer: as a softmax over infinite scores gives them, or a sum too large."""
    numbers: NDArray[np.float32] = answers.probabilities if isinstance(answers, Classes) else answers.values
    finite = np.isfinite(numbers)
    if finite.all():
        return []
    rows: list[int] = np.flatnonzero(~finite.reshape(len(finite), -1).all(axis=1)).tolist()
    return rows


def counts(answers: Classes, *, without: Sequence[int]) -> Mapping[str, int]:
    """How many rows each class was given."""
    ids = np.delete(answers.ids, without) if without else answers.ids
    if len(ids) == 1:
        return {answers.labels[ids[0]]: 1}
    times = np.bincount(ids, minlength=len(answers.labels)).tolist()
    return {label: count for label, count in zip(answers.labels, times, strict=True) if count}


def refuse_unanswered(request: PredictRequest, seen: Observation) -> None:
    for one in seen.predicted:
        if one.invalid:
            raise InputError([_no_answer("features", request.rows, one.model)])


def batch_problems(answers: Answers, request: BatchRequest, seen: Observation) -> Problems:
    """What is wrong with the samples, by place, now that a model was asked; InputError when no sample is good."""
    model = seen.predicted[0].model
    failed = {
        request.places[row]: [_no_answer(f"{request.called}[{request.places[row]}]", request.rows[row], model)]
        for row in unanswered(answers)
    }
    problems = {**request.problems, **failed}
    if len(problems) == request.samples:
        raise nothing_good(problems)
    return problems


def slots(answers: Sequence[Json], request: BatchRequest, problems: Problems) -> list[Json | None]:
    """One answer per sample, null where it is bad."""
    good = dict(zip(request.places, answers, strict=True))
    return [None if place in problems else good[place] for place in range(request.samples)]


def sample_errors(problems: Problems, seen: Observation) -> list[Json]:
    return [_sample_error(place, problems[place], seen.redaction) for place in sorted(problems)]


def _no_answer(field: str, rows: Rows, model: str) -> Problem:
    largest = float(np.abs(np.nan_to_num(rows)).max())
    return Problem(field, f"numbers up to {largest:g} in size", f"values that {model} has a finite answer for")


def _sample_error(place: int, problems: Sequence[Problem], redaction: Redaction) -> Json:
    told = redaction.problems(problems)
    listed = [{"field": p.field, "value": p.value, "expected": p.expected} for p in told]
    return {"index": place, "detail": redaction.summary(problems), "errors": listed}


def ms(one: Predicted) -> float:
    return round(one.seconds * 1000, 3)


def metadata(seen: Observation) -> Json:
    return {"timestamp": timestamp(int(time())), "request_id": seen.request_id}


@lru_cache(maxsize=1)  # the answer and the log both ask for the same second
def timestamp(now: int) -> str:
    """`now`, in seconds since the epoch, as RFC 3339 in UTC."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(now))
