"""scikit-learn estimators and Pipelines (.pkl, .joblib) as originals."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from export.errors import Refused
from export.extras import need, versions
from export.feature_names import fitted_names, unnamed_rows
from export.forests import route_missing, tree_of
from export.linear import logistic_graph
from export.original import Original, classes, named_classes, value
from export.pickles import unpickled
from export.steps import Step, check_fitted, fills, steps_of
from serinus.golden import Natives
from serinus.schema import OutputSchema, Rows

FORESTS = (
    *("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor"),
    *("DecisionTreeClassifier", "DecisionTreeRegressor"),
)
BOOSTED = ("GradientBoostingClassifier", "GradientBoostingRegressor")
LINEAR = ("LogisticRegression",)
SUPPORTED = (*FORESTS, *BOOSTED, *LINEAR)
CONVERTER_OPSETS = {"": 17, "ai.onnx.ml": 3}  # the number 17 alone is refused by some of its converters


def load(source: Path, labels: Sequence[str] | None) -> Original:
    model = unpickled(source)
    steps, estimator = _parts(model)
    _guard(estimator)
    _single_threaded(model)
    return Original(
        framework="sklearn",
        framework_version=str(need("sklearn").__version__),
        predict=lambda rows: _predict(model, rows),
        graph=lambda: _convert(estimator),
        output=_output(estimator, labels),
        features=int(model.n_features_in_),
        nan_policy="allow" if _takes_nan(steps, estimator) else "reject",
        dependencies=versions("skl2onnx", "onnx"),
        names=fitted_names(model),
        steps=steps,
        trees=tuple(map(tree_of, _trees(estimator))),
    )


def _single_threaded(model: Any) -> None:
    """Threads add up the trees of a forest in any order, and the last bits of the answers differ from run to run."""
    jobs = {name: None for name in model.get_params() if name == "n_jobs" or name.endswith("__n_jobs")}
    model.set_params(**jobs)


def _parts(model: Any) -> tuple[tuple[Step, ...], Any]:
    """The steps of a Pipeline and the estimator at its end."""
    if type(model).__name__ != "Pipeline":
        return (), model
    return tuple(step for _, part in model.steps[:-1] for step in steps_of(part)), model.steps[-1][1]


def _guard(estimator: Any) -> None:
    kind = type(estimator).__name__
    if kind.startswith("XGB"):
        raise Refused(f"the pickle holds an {kind}: save it with `model.save_model('model.json')` and export that file")
    if kind not in SUPPORTED or not type(estimator).__module__.startswith("sklearn."):
        raise Refused(f"cannot export a {type(estimator).__module__}.{kind}; supported are {', '.join(SUPPORTED)}")
    check_fitted(estimator)
    if getattr(estimator, "n_outputs_", 1) > 1:
        raise Refused(f"the {kind} has {estimator.n_outputs_} outputs; a bundle has one")
    if kind in BOOSTED and estimator.init is not None:
        raise Refused(f"the {kind} starts from init={estimator.init!r}; supported is the default, None")
    if hasattr(estimator, "classes_") and len(estimator.classes_) < 2:
        raise Refused(f"the {kind} was trained on the one class {estimator.classes_.tolist()[0]!r}")


def _output(estimator: Any, labels: Sequence[str] | None) -> OutputSchema:
    if not hasattr(estimator, "classes_"):
        return value(labels)
    names = tuple(_label(label) for label in estimator.classes_.tolist())
    if estimator.classes_.dtype.kind in "biuf" and labels is not None and set(labels) != set(names):
        return classes(len(names), labels)
    return named_classes(names, labels)


def _label(label: object) -> str:
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def _takes_nan(steps: Sequence[Step], estimator: Any) -> bool:
    return fills(steps) or bool(need("sklearn.utils").get_tags(estimator).input_tags.allow_nan)


def _trees(estimator: Any) -> list[Any]:
    if hasattr(estimator, "tree_"):
        return [estimator]
    return list(np.ravel(getattr(estimator, "estimators_", ())))


def _predict(model: Any, rows: Rows) -> Natives:
    with unnamed_rows():  # a copy, because a scaler with copy=False writes into what it is given
        answers = model.predict_proba(rows.copy()) if hasattr(model, "classes_") else model.predict(rows.copy())
    return np.asarray(answers).reshape(len(rows), -1)


def _convert(estimator: Any) -> Any:
    kind = type(estimator).__name__
    if kind in LINEAR:
        return logistic_graph(estimator)
    types = need("skl2onnx.common.data_types")
    model = need("skl2onnx").to_onnx(
        estimator,
        initial_types=[("input", types.FloatTensorType([None, estimator.n_features_in_]))],
        options={"zipmap": False} if hasattr(estimator, "classes_") else None,
        target_opset=CONVERTER_OPSETS,
    )
    if kind in FORESTS:
        route_missing(model, _trees(estimator))
    return model
