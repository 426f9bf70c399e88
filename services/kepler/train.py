"""Train the three classifiers, save the originals, prove their exports equal to them, and write the bundles."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from export.exporter import Request, export
from export.samples import Sample
from serinus.errors import SerinusError
from services.kepler.classifiers import CLASSIFIERS, PREPROCESSING, Classifier, Train
from services.kepler.evaluation import Evaluation, cross_validated, held_out
from services.kepler.light_curves import FEATURE_NAMES, LABELS, LightCurveError, LightCurves, load
from services.kepler.simulator import simulate

VERSION = "1.0.0"
EVALUATION = "evaluation.json"
TRAINING_CURVES = 5_000
HELD_OUT_CURVES = 3_000
FOLDS = 5
SAMPLE_CURVES = 2_000


@dataclass(frozen=True)
class Lesson:
    """What to learn from, and how to tell what was learnt: from held-out curves, or, lacking those, by folds."""

    dataset: str
    curves: LightCurves
    held_out: LightCurves | None

    def evaluate(self, train: Train, classifier: Classifier, seed: int) -> Evaluation:
        if self.held_out is not None:
            return held_out(classifier, self.held_out)
        return cross_validated(train, self.curves, folds=FOLDS, seed=seed)

    @property
    def calibration(self) -> Sample | None:
        if self.held_out is None:
            return None
        return Sample(self.held_out.flux, FEATURE_NAMES, np.array(LABELS)[self.held_out.labels])

    @property
    def facts(self) -> dict[str, Any]:
        judged = {"validation_samples": len(self.held_out)} if self.held_out else {"cross_validation_folds": FOLDS}
        return {"dataset_version": self.dataset, "training_samples": len(self.curves), **judged}


@dataclass(frozen=True)
class Places:
    """Where the bundles go, and the models in their own formats."""

    out: Path
    originals: Path


def main(
    data: Annotated[
        Path | None, typer.Option(help="Real folded curves: an .npz with X [N, 784], y (names), kepid.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the bundles go.")] = Path("models"),
    originals: Annotated[Path, typer.Option(help="Where the models go in their own formats.")] = Path("originals"),
    seed: Annotated[int, typer.Option(help="The same seed, the same models.")] = 0,
    replace: Annotated[bool, typer.Option(help="Replace bundles that are there; otherwise that is refused.")] = False,
) -> None:
    """Train the Kepler classifiers on simulated curves, or on real ones with --data, and export them proven equal.

    Simulated curves are judged by held-out curves, real ones by 5-fold cross-validation.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    console = Console(stderr=True)
    try:
        lesson = _lesson(data, seed)
        _refuse_to_overwrite(out, replace=replace)
        console.print(f"learning from {len(lesson.curves):,} curves: {lesson.dataset}")
        places = Places(out, originals)
        reports = {name: _made(name, lesson, places, seed=seed, console=console) for name in CLASSIFIERS}
    except SerinusError as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from error
    (originals / EVALUATION).write_text(json.dumps(reports, indent=2))
    Console().print(_summary(reports))


def _lesson(data: Path | None, seed: int) -> Lesson:
    if data is None:
        curves = simulate(TRAINING_CURVES, seed=2 * seed)
        return Lesson(f"simulated, seed {seed}", curves, simulate(HELD_OUT_CURVES, seed=2 * seed + 1))
    curves = load(data)
    counts = np.bincount(curves.labels, minlength=len(LABELS))
    if counts.min() < FOLDS:
        found = ", ".join(f"{label} {count}" for label, count in zip(LABELS, counts, strict=True))
        raise LightCurveError(f"{data}: expected at least {FOLDS} curves of each class, got {found}")
    return Lesson(data.name, curves, None)


def _refuse_to_overwrite(out: Path, *, replace: bool) -> None:
    there = [str(folder) for name in CLASSIFIERS if (folder := out / name / f"v{VERSION}").exists()]
    if there and not replace:
        raise LightCurveError(
            f"{', '.join(there)} exist, and bundles are immutable: choose another --out, or --replace"
        )


def _made(name: str, lesson: Lesson, places: Places, *, seed: int, console: Console) -> dict[str, Any]:
    """Train, judge and export one classifier; what the report says of it."""
    train = CLASSIFIERS[name]
    with console.status(f"{name}: training"):
        classifier = train(lesson.curves, seed)
        classifier.save(places.originals / name)
    with console.status(f"{name}: evaluating"):
        evaluation = lesson.evaluate(train, classifier, seed)
    request = Request(
        source=places.originals / name / classifier.file,
        preprocessing=places.originals / name / PREPROCESSING,
        name=name,
        version=VERSION,
        labels=LABELS,
        sample=Sample(lesson.curves.flux[:SAMPLE_CURVES], FEATURE_NAMES),
        calibration=lesson.calibration,
        training={**lesson.facts, **classifier.facts, "seed": seed},
        performance=evaluation.performance,
    )
    with console.status(f"{name}: exporting") as status:
        bundle = export(
            request,
            places.out,
            created_at=datetime.now(UTC),
            replace=True,
            progress=lambda stage: status.update(f"{name}: {stage}"),
        )
    console.print(f"{name}: accuracy {evaluation.performance['accuracy']:.3f}, exported to {bundle.folder}")
    return {
        "performance": evaluation.performance,
        "confusion": evaluation.confusion.tolist(),
        "parity": bundle.metadata.parity.model_dump(),
        "training": request.training,
        "bundle": str(bundle.folder),
        "digest": bundle.digest,
    }


def _summary(reports: dict[str, Any]) -> Table:
    table = Table("", *reports, title="Trained, and exported equal to the originals")
    for figure in next(iter(reports.values()))["performance"]:
        table.add_row(figure, *(f"{report['performance'][figure]:.3f}" for report in reports.values()))
    parity = [report["parity"] for report in reports.values()]
    table.add_section()
    table.add_row("rows tried", *(f"{one['rows']:,}" for one in parity))
    table.add_row("largest difference", *(f"{one['max_difference']:.1e}" for one in parity))
    table.add_row("label flips", *(str(one["label_flips"]) for one in parity))
    return table


if __name__ == "__main__":
    typer.run(main)
