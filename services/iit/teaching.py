"""From a lesson to a bundle: train, calibrate, judge, save the original, prove the export equal to it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.exporter import Request, export
from export.samples import Sample
from export.served import Progress
from serinus.bundle import Bundle
from serinus.service import Service, bundle_folder
from serinus.tables.table import TableError
from services.iit import platt
from services.iit.booster import PREDICT, Visits, trained
from services.iit.evaluation import by_band, by_group, performance, reliability, table
from services.iit.forms import features_of
from services.iit.groups import groups
from services.iit.lesson import Lesson
from services.iit.platt import Platt

SAMPLE_ROWS = 5_000
EVALUATION = "evaluation.json"


@dataclass(frozen=True)
class Places:
    """Where the bundle goes, and the model in its own format; replace: even if there is one."""

    out: Path
    originals: Path
    replace: bool = False

    def refuse(self, name: str, version: str) -> None:
        """Refuse to overwrite the bundle of a model."""
        if (folder := bundle_folder(self.out, name, version)).exists() and not self.replace:
            raise TableError(f"{folder} exists, and a bundle is immutable: choose another --out, or --replace it")


@dataclass(frozen=True)
class Taught:
    """booster: calibrated; before, after: what it said of the held-out visits without and with that."""

    booster: Any
    platt: Platt
    before: NDArray[np.float64]
    after: NDArray[np.float64]


@dataclass(frozen=True)
class Finished:
    """A lesson, what came of it, and the report on that."""

    lesson: Lesson
    taught: Taught
    report: dict[str, Any]


def model_of(service: Service) -> tuple[str, str]:
    """The one model of `service`, a classifier of fields into two classes, and its version."""
    if not service.input.fields or len(service.service.labels) != 2:
        raise TableError(f"expected a service of two labels and [[input.fields]], and {service.name} is none")
    if len(service.models) != 1:
        raise TableError(f"one model is trained here, and service {service.name} names {', '.join(service.models)}")
    return next(iter(service.models.items()))


def taught(lesson: Lesson, *, seed: int) -> Taught:
    visits, parts = lesson.visits, lesson.split
    booster = trained(visits.only(parts.train), visits.only(parts.stop), features_of(lesson.service), seed=seed)
    known, unseen = visits.only(parts.calibrate), visits.only(parts.held_out)
    scaling = platt.fitted(booster.predict(known.rows, raw_score=True, **PREDICT), known.happened)
    calibrated = platt.calibrated(booster, scaling, unseen.rows)
    return Taught(
        calibrated, scaling, booster.predict(unseen.rows, **PREDICT), calibrated.predict(unseen.rows, **PREDICT)
    )


def judged(lesson: Lesson, result: Taught, judge_by: Sequence[str]) -> dict[str, Any]:
    """What evaluation.json says: of held-out visits only."""
    unseen = lesson.visits.only(lesson.split.held_out)
    bands = lesson.service.bands
    return {
        "performance": performance(unseen.happened, result.after),
        "before_calibration": performance(unseen.happened, result.before),
        "reliability": table(reliability(unseen.happened, result.after)),
        "reliability_before_calibration": table(reliability(unseen.happened, result.before)),
        "bands": by_band(unseen.happened, result.after, bands.least) if bands else {},
        "groups": {
            name: by_group(unseen.happened, result.after, groups(lesson.service, unseen.rows, name))
            for name in judge_by
        },
        "left_out_rows": dict(lesson.bad),
        "training": _facts(lesson, result),
    }


def exported(finished: Finished, places: Places, created_at: datetime, progress: Progress) -> Bundle:
    """Save the model in its own format, and its evaluation; export it, proven equal."""
    lesson, said = finished.lesson, finished.report
    name, version = model_of(lesson.service)
    source = places.originals / name / f"{lesson.service.name}_{name}_model.txt"
    source.parent.mkdir(parents=True, exist_ok=True)
    finished.taught.booster.save_model(source)
    unseen = lesson.visits.only(lesson.split.held_out)
    labels = lesson.service.service.labels
    names = lesson.service.input.names
    request = Request(
        source=source,
        name=name,
        version=version,
        labels=labels,
        sample=Sample(_some(lesson.visits.only(lesson.split.train)), names),
        calibration=Sample(unseen.rows, names, np.array(labels)[unseen.happened.astype(int)]),
        background=not lesson.origin.is_real,
        training=said["training"],
        performance=said["performance"],
        fields=lesson.service.input,
    )
    bundle = export(request, places.out, created_at=created_at, replace=True, progress=progress)
    report = said | {"parity": bundle.metadata.parity.model_dump(), "bundle": str(bundle.folder)}
    (places.originals / EVALUATION).write_text(json.dumps(report, indent=2))
    return bundle


def _some(visits: Visits) -> NDArray[np.float32]:
    return visits.rows[:: -(-len(visits) // SAMPLE_ROWS)]


def _facts(lesson: Lesson, result: Taught) -> dict[str, Any]:
    parts = lesson.split
    return {
        "dataset_version": lesson.origin.name,
        "training_samples": len(parts.train),
        "validation_samples": len(parts.held_out),
        "trees": result.booster.num_trees(),
        "calibration": "platt, in the leaves",
        "calibration_samples": len(parts.calibrate),
        "calibration_slope": round(result.platt.slope, 6),
        "calibration_shift": round(result.platt.shift, 6),
    }
