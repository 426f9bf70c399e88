"""scikit-learn models (.pkl, .joblib, .skops), XGBoost's and LightGBM's estimators in them or alone, as originals."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from export import from_lightgbm, from_xgboost
from export.errors import Refused
from export.extras import need, versions
from export.original import Framework, Original, classes, named_classes, value
from export.pickles import unpickled
from export.sklearn_drawing import model_of, surveyed
from export.sklearn_truth import Table, clear_votes, truth
from export.skops_files import SKOPS, restored
from export.steps import check_fitted
from serinus.schema import OutputSchema

SEARCHES = ("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")
OfBooster = Callable[[Any, Sequence[str] | None], Original]
BOOSTERS: dict[str, OfBooster] = {"xgboost": from_xgboost.of_booster, "lightgbm": from_lightgbm.of_booster}
FRAMEWORKS: dict[str, Framework] = {"xgboost": "xgboost", "lightgbm": "lightgbm"}


def load(source: Path, labels: Sequence[str] | None) -> Original:
    return of_model(restored(source) if source.suffix == SKOPS else unpickled(source), labels)


def of_model(fitted: Any, labels: Sequence[str] | None) -> Original:
    """A fitted model of scikit-learn, XGBoost or LightGBM."""
    library, kind = _library(fitted), type(fitted).__name__
    if kind == "Booster" and library in BOOSTERS:
        return BOOSTERS[library](fitted, labels)
    if kind in SEARCHES:
        check_fitted(fitted)
        return of_model(fitted.best_estimator_, labels)
    if kind.startswith("LGBM") and library == "lightgbm":
        check_fitted(fitted)
        return replace(from_lightgbm.of_booster(fitted.booster_, None), output=_output(fitted, labels))
    return _of_estimator(fitted, labels)


def _of_estimator(model: Any, labels: Sequence[str] | None) -> Original:
    drawing = surveyed(model)
    sketch, names, output = drawing.sketch, drawing.names, _output(model, labels)
    if drawing.is_decision != hasattr(model, "classes_"):
        raise Refused(f"the {type(model).__name__} was trained for another task than its class is made for")
    words = sketch.vocabulary.categories()
    is_frame = bool(sketch.vocabulary.objects) or sketch.needs_frame
    table = Table(sketch.vocabulary, names, drawing.dtype, is_frame=is_frame)
    original = Original(
        framework=FRAMEWORKS.get(_library(model), "sklearn"),
        framework_version=str(need(_library(model)).__version__),
        predict=truth(model, table, sketch.numbers.known, drawing.answer.width),
        graph=lambda: model_of(model, drawing.features, drawing.dtype),
        output=output,
        features=len(drawing.features),
        nan_policy="allow" if sketch.takes_missing else "reject",
        dependencies={**versions("onnx"), **sketch.dependencies},
        names=names,
        trees=tuple(sketch.trees),
        categories=words,
        codes=sketch.numbers.codes,
        knows=sketch.numbers.known,
        settled=clear_votes(model, table, sketch.numbers.known),
        adds_up=sketch.adds_up,
        on_the_way=sketch.numbers.steps,
    )
    _try(original, model)
    return original


def _library(fitted: Any) -> str:
    return type(fitted).__module__.partition(".")[0]


def _output(model: Any, labels: Sequence[str] | None) -> OutputSchema:
    if not hasattr(model, "classes_"):
        return value(labels)
    names = tuple(_label(label) for label in np.asarray(model.classes_).tolist())
    if len(names) < 2:
        raise Refused(f"the {type(model).__name__} was trained on the one class {', '.join(names)!r}")
    if np.asarray(model.classes_).dtype.kind in "biuf" and labels is not None and set(labels) != set(names):
        return classes(len(names), labels)
    return named_classes(names, labels)


def _label(label: object) -> str:
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def _try(original: Original, model: Any) -> None:
    """Ask the model once, because one that an older scikit-learn saved may load and yet not run."""
    row = np.zeros((1, original.features), np.float32)
    for place, codes in original.codes.items():
        row[:, place] = codes[:1]
    try:
        original.predict(row)
    except Exception as error:  # whatever the model calls
        raise Refused(
            f"the {type(model).__name__} does not run under {original.framework} {original.framework_version} "
            f"({type(error).__name__}: {error}): train it again, or export it where it was saved"
        ) from error
