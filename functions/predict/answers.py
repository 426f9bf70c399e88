"""From a checked request to the body of the answer: run the models, name the classes, say who said so."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from time import gmtime, perf_counter, strftime, time
from typing import Any

import numpy as np

from functions.predict.options import Options
from functions.predict.telemetry import Observation, Predicted
from functions.predict.wire import BatchRequest, PredictRequest, nothing_good
from serinus.ensemble import TIE_BREAKS, Ensemble, vote
from serinus.errors import InputError, Problem
from serinus.prediction import Classes
from serinus.predictor import Predictor
from serinus.schema import Rows

Json = dict[str, Any]


def one(ensemble: Ensemble, request: PredictRequest, seen: Observation) -> Json:
    """The answer to one row: a prediction, or with `return_all_models` every model's and their vote."""
    options = request.options
    chosen = ensemble.named(options.model)
    if options.return_all_models:
        return {**_everyone(ensemble, request.rows, options, seen), "metadata": _metadata(seen)}
    classes = run(ensemble, chosen, request.rows, seen)
    _refuse_unanswered(request.rows, seen)
    return {
        "prediction": predictions(classes, probabilities=options.return_probabilities)[0],
        "model": _model(seen.predicted[0]),
        "metadata": _metadata(seen),
    }


def many(ensemble: Ensemble, request: BatchRequest, seen: Observation) -> Json:
    """The answers to a batch: in place of a bad sample null, and why under `errors`."""
    classes = run(ensemble, ensemble.named(request.options.model), request.rows, seen)
    problems = {**request.problems, **_unanswered_samples(classes, request, seen)}
    if len(problems) == request.samples:
        raise nothing_good(problems)
    answers = predictions(classes, probabilities=request.options.return_probabilities)
    slots = dict(zip(request.places, answers, strict=True))
    return {
        "predictions": [None if place in problems else slots[place] for place in range(request.samples)],
        "errors": [_sample_error(place, problems[place]) for place in sorted(problems)],
        "model": _model(seen.predicted[0]),
        "metadata": {**_metadata(seen), "samples": request.samples, "failed": len(problems)},
    }


def run(ensemble: Ensemble, predictor: Predictor, rows: Rows, seen: Observation) -> Classes:
    """Let one model answer, and note it; an answer that is no number counts as the model's error."""
    metadata = predictor.metadata
    start = perf_counter()
    answers = ensemble.answer(predictor, rows)
    seconds = perf_counter() - start
    assert isinstance(answers, Classes)
    failed = unanswered(answers)
    counted = counts(answers, without=failed)
    seen.predicted.append(Predicted(metadata.model_name, metadata.version, seconds, counted, invalid=len(failed)))
    return answers


def unanswered(classes: Classes) -> list[int]:
    """The rows whose probabilities are no numbers, as a softmax over infinite scores gives them."""
    finite = np.isfinite(classes.probabilities)
    if finite.all():
        return []
    rows: list[int] = np.flatnonzero(~finite.all(axis=1)).tolist()
    return rows


def counts(classes: Classes, *, without: Sequence[int]) -> Mapping[str, int]:
    """How many rows each class was given."""
    ids = np.delete(classes.ids, without) if without else classes.ids
    if len(ids) == 1:
        return {classes.labels[ids[0]]: 1}
    times = np.bincount(ids, minlength=len(classes.labels)).tolist()
    return {label: count for label, count in zip(classes.labels, times, strict=True) if count}


def predictions(classes: Classes, *, probabilities: bool) -> list[Json]:
    """One object per row, as the documents show it."""
    shares = classes.probabilities.tolist()
    shape = partial(_prediction, classes.labels, probabilities=probabilities)
    return list(map(shape, classes.ids.tolist(), shares))


def _prediction(labels: tuple[str, ...], class_id: int, shares: list[float], *, probabilities: bool) -> Json:
    label = labels[class_id]
    answer: Json = {"class": label, "class_name": label, "class_id": class_id, "confidence": shares[class_id]}
    if probabilities:
        answer["probabilities"] = dict(zip(labels, shares, strict=True))
    return answer


def _everyone(ensemble: Ensemble, rows: Rows, options: Options, seen: Observation) -> Json:
    voting = options.voting or ensemble.service.ensemble.voting
    every = {name: run(ensemble, predictor, rows, seen) for name, predictor in ensemble.predictors.items()}
    _refuse_unanswered(rows, seen)
    result = vote(list(every.values()), voting)
    [winner] = predictions(result.classes, probabilities=options.return_probabilities)
    winner["voting"] = voting
    if result.tied[0]:
        winner["tie_break"] = TIE_BREAKS[voting]
    return {
        "ensemble_prediction": winner,
        "individual_predictions": {
            one.model: {
                **predictions(classes, probabilities=options.return_probabilities)[0],
                "version": one.version,
                "latency_ms": _ms(one),
            }
            for one, classes in zip(seen.predicted, every.values(), strict=True)
        },
        "agreement_score": float(result.agreement[0]),
    }


def _refuse_unanswered(rows: Rows, seen: Observation) -> None:
    for one in seen.predicted:
        if one.invalid:
            raise InputError([_no_answer("features", rows, one.model)])


def _unanswered_samples(classes: Classes, request: BatchRequest, seen: Observation) -> dict[int, list[Problem]]:
    model = seen.predicted[0].model
    places = [(row, request.places[row]) for row in unanswered(classes)]
    return {place: [_no_answer(f"samples[{place}]", request.rows[row], model)] for row, place in places}


def _no_answer(field: str, rows: Rows, model: str) -> Problem:
    largest = float(np.abs(np.nan_to_num(rows)).max())
    return Problem(field, f"numbers up to {largest:g} in size", f"values that {model} has a finite answer for")


def _sample_error(place: int, problems: Any) -> Json:
    listed = [{"field": p.field, "value": p.value, "expected": p.expected} for p in problems]
    return {"index": place, "detail": "; ".join(map(str, problems))[:500], "errors": listed}


def _model(one: Predicted) -> Json:
    return {"name": one.model, "version": one.version, "latency_ms": _ms(one)}


def _ms(one: Predicted) -> float:
    return round(one.seconds * 1000, 3)


def _metadata(seen: Observation) -> Json:
    return {"timestamp": timestamp(int(time())), "request_id": seen.request_id}


@lru_cache(maxsize=1)  # the answer and the log both ask for the same second
def timestamp(now: int) -> str:
    """`now`, in seconds since the epoch, as RFC 3339 in UTC."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(now))
