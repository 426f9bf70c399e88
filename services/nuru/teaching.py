"""Fit the vote, judge it and its members on plots they have not seen, and export all of them proven equal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.ensemble import VotingRegressor

from export.exporter import Request, export
from export.samples import Sample
from serinus.bundle import Bundle
from serinus.tables.table import TableError
from services.nuru.evaluation import evaluate, folds
from services.nuru.lesson import Lesson
from services.nuru.regressors import ENSEMBLE, MEMBERS, Size, served, vote

HELD_OUT = 5  # one part in so many
Performance = dict[str, dict[str, float]]
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    size: Size = field(default_factory=Size)
    folds: int = 5
    seed: int = 0


@dataclass(frozen=True)
class Taught:
    """A fitted vote. performance: of it and of each member; held_out: what it was judged by, unless by folds."""

    fitted: VotingRegressor
    lesson: Lesson
    performance: Performance
    facts: Mapping[str, Any]
    held_out: Lesson | None = None


def taught_and_held_out(lesson: Lesson, settings: Settings) -> Taught:
    """Judged by the plots of one part in five, which nothing is learnt from."""
    learnt, judged = (lesson.only(places) for places in next(folds(lesson.groups, HELD_OUT, settings.seed)))
    fitted = _fitted(learnt, settings)
    performance = {name: evaluate(judged.truth, model.predict(judged.rows)) for name, model in served(fitted).items()}
    facts = {"training_samples": len(learnt), "validation_samples": len(judged)}
    return Taught(fitted, learnt, performance, facts, judged)


def taught_and_cross_validated(lesson: Lesson, settings: Settings, progress: Progress = lambda _: None) -> Taught:
    """Learnt from all rows; judged by models that each were fitted without the fold they are judged by."""
    if (groups := len(np.unique(lesson.groups))) < settings.folds:
        raise TableError(f"{settings.folds} folds need as many groups of rows that stay together, there are {groups}")
    unseen = {name: np.empty(len(lesson)) for name in (ENSEMBLE, *MEMBERS)}
    for number, (rest, fold) in enumerate(folds(lesson.groups, settings.folds, settings.seed), 1):
        progress(f"fold {number} of {settings.folds}")
        for name, model in served(_fitted(lesson.only(rest), settings)).items():
            unseen[name][fold] = model.predict(lesson.rows[fold])
    performance = {name: evaluate(lesson.truth, predicted) for name, predicted in unseen.items()}
    progress("all rows")
    facts = {"training_samples": len(lesson), "cross_validation_folds": settings.folds}
    return Taught(_fitted(lesson, settings), lesson, performance, facts)


def _fitted(lesson: Lesson, settings: Settings) -> VotingRegressor:
    return vote(lesson.words, settings.size, settings.seed).fit(lesson.rows, lesson.truth)


@dataclass(frozen=True)
class Places:
    """Where the bundles go, and the models in their own formats."""

    out: Path
    originals: Path


def exported(taught: Taught, name: str, places: Places, made_at: datetime, progress: Progress) -> Bundle:
    """The bundle of the vote, or of a member under its own `name`; whatever was in its place is replaced."""
    model = served(taught.fitted)[name]
    source = _saved(model, name, places.originals)
    service = taught.lesson.service
    request = Request(
        source=source,
        name=name,
        version=service.models[name],
        target=service.service.target,
        unit=service.service.unit,
        sample=_sample(taught.lesson),
        calibration=_sample(taught.held_out) if taught.held_out else None,
        training={**taught.lesson.facts, **taught.facts},
        performance=taught.performance[name],
        fields=service.input,
    )
    return export(request, places.out, created_at=made_at, replace=True, progress=progress)


def _saved(model: Any, name: str, originals: Path) -> Path:
    """`model` in its own format: boosted trees in that of their library, what scikit-learn made as a pickle."""
    folder = originals / name
    folder.mkdir(parents=True, exist_ok=True)
    if name == "xgboost":
        model.save_model(folder / "model.json")
        return folder / "model.json"
    if name == "lightgbm":
        model.booster_.save_model(folder / "model.txt")
        return folder / "model.txt"
    joblib.dump(model, folder / "model.pkl", compress=3)
    return folder / "model.pkl"


def _sample(lesson: Lesson) -> Sample:
    return Sample(lesson.rows, lesson.names, lesson.truth, lesson.source)
