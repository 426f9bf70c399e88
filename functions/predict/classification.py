"""What a classifier's answers look like: the class, the probabilities, and who said so."""

from collections.abc import Sequence
from functools import partial
from typing import cast

from functions.predict.answers import (
    Json,
    batch_problems,
    metadata,
    ms,
    refuse_unanswered,
    run,
    run_all,
    sample_errors,
    slots,
)
from functions.predict.telemetry import Observation, Predicted
from functions.predict.wire import BatchRequest, PredictRequest
from serinus.ensemble import TIE_BREAKS, Ensemble, vote
from serinus.prediction import Classes
from serinus.sections import Bands, Voting


def one(ensemble: Ensemble, request: PredictRequest, seen: Observation) -> Json:
    """The answer to one row: a prediction, or with `return_all_models` every model's and their vote."""
    options, about = request.options, request.about
    chosen = ensemble.named(options.model)
    if options.return_all_models:
        return {**about.entity, **_everyone(ensemble, request, seen), **about.features, "metadata": metadata(seen)}
    classes = _classes(run(ensemble, chosen, request.rows, seen))
    refuse_unanswered(request, seen)
    return {
        **about.entity,
        "prediction": _shaped(ensemble, classes, probabilities=options.return_probabilities)[0],
        "model": _model(seen.predicted[0]),
        **about.features,
        "metadata": metadata(seen),
    }


def many(ensemble: Ensemble, request: BatchRequest, seen: Observation) -> Json:
    """The answers to a batch: in place of a bad sample null, and why under `errors`."""
    classes = _classes(run(ensemble, ensemble.named(request.options.model), request.rows, seen))
    problems = batch_problems(classes, request, seen)
    answers = _shaped(ensemble, classes, probabilities=request.options.return_probabilities)
    if request.abouts:
        pairs = zip(request.abouts, answers, strict=True)
        answers = [{**about.entity, **answer, **about.features} for about, answer in pairs]
    return {
        "predictions": slots(answers, request, problems),
        "errors": sample_errors(problems, seen),
        "model": _model(seen.predicted[0]),
        "metadata": {**metadata(seen), "samples": request.samples, "failed": len(problems)},
    }


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


def _shaped(ensemble: Ensemble, classes: Classes, *, probabilities: bool) -> list[Json]:
    """The predictions, with the band that each one's probability lies in where the service has bands."""
    answers = predictions(classes, probabilities=probabilities)
    bands = ensemble.service.bands
    if bands is not None:
        for answer, band in zip(answers, _bands(bands, classes), strict=True):
            answer["risk_band"] = band
    return answers


def _bands(bands: Bands, classes: Classes) -> Sequence[str]:
    return list(map(bands.of, classes.probabilities[:, classes.labels.index(bands.label)].tolist()))


def _everyone(ensemble: Ensemble, request: PredictRequest, seen: Observation) -> Json:
    options = request.options
    voting = cast(Voting, options.voting or ensemble.service.ensemble.voting)
    every = [_classes(answers) for answers in run_all(ensemble, request, seen)]
    result = vote(every, voting)
    seen.combined = result.classes
    shaped = partial(_shaped, ensemble, probabilities=options.return_probabilities)
    [winner] = shaped(result.classes)
    winner["voting"] = voting
    if result.tied[0]:
        winner["tie_break"] = TIE_BREAKS[voting]
    return {
        "ensemble_prediction": winner,
        "individual_predictions": {
            one.model: {**shaped(classes)[0], "version": one.version, "latency_ms": ms(one)}
            for one, classes in zip(seen.predicted, every, strict=True)
        },
        "agreement_score": float(result.agreement[0]),
    }


def _classes(answers: object) -> Classes:
    assert isinstance(answers, Classes)
    return answers


def _model(one: Predicted) -> Json:
    return {"name": one.model, "version": one.version, "latency_ms": ms(one)}
