"""What a regressor's answers look like: one flat object, the value under the name of what it is and is counted in."""

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
from serinus.blend import combine
from serinus.ensemble import Ensemble
from serinus.prediction import Values
from serinus.sections import About as Said
from serinus.sections import Averaging


def predicted_name(said: Said) -> str:
    """What a predicted value is called: predicted_yield_kg_per_ha."""
    return "_".join(filter(None, ("predicted", said.target, said.unit)))


def one(ensemble: Ensemble, request: PredictRequest, seen: Observation) -> Json:
    """The answer to one row: a value, or with `return_all_models` every model's and what they come to together."""
    chosen = ensemble.named(request.options.model)
    if request.options.return_all_models:
        body = _everyone(ensemble, request, seen)
    else:
        values = _values(run(ensemble, chosen, request.rows, seen))
        refuse_unanswered(request, seen)
        body = {predicted_name(ensemble.service.service): values[0], **_by(seen.predicted[0]), "confidence_score": None}
    return {**request.about.entity, **body, **request.about.features, **metadata(seen)}


def many(ensemble: Ensemble, request: BatchRequest, seen: Observation) -> Json:
    """The answers to a batch: in place of a bad sample null, and why under `errors`."""
    answers = run(ensemble, ensemble.named(request.options.model), request.rows, seen)
    problems = batch_problems(answers, request, seen)
    name = predicted_name(ensemble.service.service)
    shaped: list[Json] = [{name: value, "confidence_score": None} for value in _values(answers)]
    if request.abouts:
        pairs = zip(request.abouts, shaped, strict=True)
        shaped = [{**about.entity, **answer, **about.features} for about, answer in pairs]
    return {
        "predictions": slots(shaped, request, problems),
        "errors": sample_errors(problems, seen),
        **_by(seen.predicted[0]),
        **metadata(seen),
        "samples": request.samples,
        "failed": len(problems),
    }


def _everyone(ensemble: Ensemble, request: PredictRequest, seen: Observation) -> Json:
    section = ensemble.service.ensemble
    name = predicted_name(ensemble.service.service)
    how = cast(Averaging, request.options.voting or section.how)
    every = [answers for answers in run_all(ensemble, request, seen) if isinstance(answers, Values)]
    weights = [section.weights.get(model, 0.0) for model in ensemble.predictors] if how == "weighted" else None
    blend = combine(every, how, weights)
    seen.combined = Values(blend.values)
    return {
        "ensemble_prediction": {name: float(blend.values[0]), "voting": how},
        "individual_predictions": {
            one.model: {name: float(answers.values[0]), "version": one.version, "latency_ms": ms(one)}
            for one, answers in zip(seen.predicted, every, strict=True)
        },
        "spread": float(blend.spread[0]),
        "lowest": float(blend.least[0]),
        "highest": float(blend.most[0]),
    }


def _values(answers: object) -> list[float]:
    assert isinstance(answers, Values)
    values: list[float] = answers.values.tolist()
    return values


def _by(one: Predicted) -> Json:
    return {"model_name": one.model, "model_version": one.version}
