"""What answers the rows of a job: one model of a service, or all of them together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serinus.blend import Blend
from serinus.bundle import Bundle
from serinus.ensemble import Ensemble, vote
from serinus.fit import agreed
from serinus.prediction import Answers, Classes, Values
from serinus.predictor import Predictor
from serinus.schema import InputSchema, NanPolicy, Rows
from serinus.service import Service

ENSEMBLE = "ensemble"
BATCH_ROWS = 64  # measured: a CNN needs half the time per row of 1,024, trees do not care


@dataclass(frozen=True)
class Blended:
    """What regressors answered together, and each of them, by its name."""

    blend: Blend
    each: Mapping[str, Values]


Verdict = Answers | Blended


@dataclass(frozen=True)
class Scorer:
    """model, version: how the output names it. schema: the features as the models name them.

    together: whether the answer is all models'; a service may also have one model that is called "ensemble"
    """

    ensemble: Ensemble
    predictors: tuple[Predictor, ...]
    model: str
    version: str
    schema: InputSchema
    together: bool

    @property
    def labels(self) -> tuple[str, ...]:
        return self.ensemble.service.service.labels

    @property
    def is_classifier(self) -> bool:
        return self.ensemble.service.service.task == "classification"

    @property
    def rule(self) -> object:
        """How the service's models become one answer."""
        section = self.ensemble.service.ensemble
        return section.voting if self.is_classifier else [section.how, section.weights]

    @property
    def digests(self) -> dict[str, str]:
        return {predictor.metadata.model_name: predictor.digest for predictor in self.predictors}

    @property
    def nan_policy(self) -> NanPolicy:
        return "allow" if all(p.metadata.nan_policy == "allow" for p in self.predictors) else "reject"

    def answer(self, rows: Rows) -> tuple[Answers, ...]:
        """What each model says of `rows`, in batches that the number of rows alone decides."""
        batches = [rows[start : start + BATCH_ROWS] for start in range(0, len(rows), BATCH_ROWS)]
        return tuple(joined([self.ensemble.answer(p, batch) for batch in batches]) for p in self.predictors)

    def verdict(self, answers: Sequence[Answers]) -> Verdict:
        """One answer per row out of each model's."""
        classes = [answer for answer in answers if isinstance(answer, Classes)]
        if len(classes) > 1:
            return vote(classes, self.ensemble.service.ensemble.voting).classes
        if classes or not self.together:
            return answers[0]
        named = zip((predictor.metadata.model_name for predictor in self.predictors), answers, strict=True)
        each = {name: answer for name, answer in named if isinstance(answer, Values)}
        return Blended(self.ensemble.blend(each), each)

    def nothing(self) -> Verdict:
        """The answers to no rows."""
        if not self.is_classifier:
            return self.verdict([Values(np.empty(0, np.float32))] * len(self.predictors))
        return Classes(self.labels, np.empty(0, np.int64), np.empty((0, len(self.labels)), np.float32))


def load(service: Service, models: Path, model: str) -> Scorer:
    """Load and verify the bundles that `model` (a name, "auto" or "ensemble") needs."""
    folders = service.bundles(models)
    together = model == ENSEMBLE and model not in folders
    wanted = {model: folders[model]} if model in folders else folders
    ensemble = Ensemble.of(service, {name: Predictor(Bundle.load(folder)) for name, folder in wanted.items()})
    everyone = tuple(ensemble.predictors.values())
    chosen = everyone if together else (ensemble.named(model),)
    for predictor in chosen:
        predictor.warm()
    schema = agreed(service, [predictor.metadata.input_schema for predictor in chosen])
    return Scorer(ensemble, chosen, *_called(chosen, together=together), schema, together)


def joined(answers: Sequence[Answers]) -> Answers:
    """The answers to consecutive rows, one after the other."""
    classes = [answer for answer in answers if isinstance(answer, Classes)]
    if not classes:
        return Values(np.concatenate([answer.values for answer in answers if isinstance(answer, Values)]))
    return Classes(
        classes[0].labels,
        np.concatenate([answer.ids for answer in classes]),
        np.concatenate([answer.probabilities for answer in classes]),
    )


def _called(predictors: Sequence[Predictor], *, together: bool) -> tuple[str, str]:
    versions = [(predictor.metadata.model_name, predictor.metadata.version) for predictor in predictors]
    return (ENSEMBLE, ",".join(f"{name}={version}" for name, version in versions)) if together else versions[0]
