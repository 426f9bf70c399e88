"""Several predictors, one answer: which model "auto" means, and how models vote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from serinus.bins import Bins
from serinus.blend import Blend, combine
from serinus.bundle import Bundle
from serinus.errors import ServiceError, UnknownModel
from serinus.figures import merit
from serinus.fit import agreed, misfits
from serinus.prediction import Answers, Classes, Values
from serinus.predictor import Predictor
from serinus.schema import InputSchema, NanPolicy, Rows
from serinus.sections import Averaging, Voting
from serinus.service import Service

AUTO = "auto"
TIE_BREAKS: dict[Voting, str] = {
    "soft": "equal mean probabilities: the first of them in the order of the labels",
    "hard": "equal votes: the highest mean probability among them",
}


@dataclass(frozen=True)
class Vote:
    """One answer per row out of several models'.

    classes: soft, the mean of the probabilities; hard, the shares of the votes. In both the predicted class.
    agreement: float64 [N], the share of the models that predict the ensemble's class
    tied: bool [N], whether the tie break decided
    """

    classes: Classes
    agreement: NDArray[np.float64]
    tied: NDArray[np.bool_]


@dataclass(frozen=True)
class Ensemble:
    """The loaded models of a service, by name; all of them take the same rows and know the same labels.

    schema: what a row is to all of them
    bins: what each one's values are counted by, where they are values
    """

    service: Service
    predictors: Mapping[str, Predictor]
    best: str
    schema: InputSchema
    bins: Mapping[str, Bins]

    @classmethod
    def load(cls, service: Service, models: Path, *, threads: int = 1) -> Self:
        """Load and verify every bundle the service names; BundleError or ServiceError when one does not fit."""
        folders = service.bundles(models).items()
        return cls.of(service, {name: Predictor(Bundle.load(folder), threads=threads) for name, folder in folders})

    @classmethod
    def of(cls, service: Service, predictors: Mapping[str, Predictor]) -> Self:
        """`predictors` as the models of `service`; ServiceError when one is not what the service says."""
        wrong = misfits(service, {name: predictor.metadata for name, predictor in predictors.items()})
        if wrong:
            raise ServiceError("; ".join(wrong))
        schema = agreed(service, [predictor.metadata.input_schema for predictor in predictors.values()])
        bins = {name: Bins.of(predictor) for name, predictor in predictors.items()}
        return cls(service, predictors, best=_best(service, predictors), schema=schema, bins=bins)

    def named(self, name: str) -> Predictor:
        """The predictor that `name` means, "auto" included; UnknownModel when it means none."""
        try:
            return self.predictors[self.best if name == AUTO else name]
        except KeyError:
            raise UnknownModel(name, (AUTO, *self.predictors)) from None

    def answer(self, predictor: Predictor, rows: Rows) -> Answers:
        """What `predictor` says of `rows`, its labels in the service's order."""
        answers = predictor.predict(rows)
        return answers.in_order(self.service.service.labels) if isinstance(answers, Classes) else answers

    def blend(self, answers: Mapping[str, Values], how: Averaging | None = None) -> Blend:
        """One value per row out of those of the models in `answers`; `how` in place of what the service says."""
        section = self.service.ensemble
        weights = [section.weights.get(name, 0.0) for name in answers]
        return combine([*answers.values()], how or section.how, weights)

    @property
    def nan_policy(self) -> NanPolicy:
        """What every model takes: a missing value only where all of them know what to do with it."""
        return "allow" if all(p.metadata.nan_policy == "allow" for p in self.predictors.values()) else "reject"


def vote(answers: Sequence[Classes], voting: Voting) -> Vote:
    """Let the models' `answers` on the same rows vote; labels in one order. Ties are broken as TIE_BREAKS says."""
    mean = np.stack([answer.probabilities for answer in answers]).mean(axis=0, dtype=np.float64)
    votes = np.stack([_one_hot(answer) for answer in answers]).mean(axis=0)
    scores = mean if voting == "soft" else votes
    best = scores == scores.max(axis=1, keepdims=True)
    ids = np.where(best, mean, -1.0).argmax(axis=1)
    agreement = np.take_along_axis(votes, ids[:, None], axis=1)[:, 0]
    return Vote(Classes(answers[0].labels, ids, scores.astype(np.float32)), agreement, best.sum(axis=1) > 1)


def _one_hot(answer: Classes) -> NDArray[np.float64]:
    return np.eye(len(answer.labels))[answer.ids]


def _best(service: Service, predictors: Mapping[str, Predictor]) -> str:
    by = service.best_by
    figures = {name: predictor.metadata.performance.get(by) for name, predictor in predictors.items()}
    known = {name: figure for name, figure in figures.items() if figure is not None}
    if len(predictors) > 1 and not known:
        raise ServiceError(f"[auto] by = {by!r}: no model of {service.name} has that performance figure")
    return max(known, key=lambda name: merit(by, known[name]), default=next(iter(predictors)))
