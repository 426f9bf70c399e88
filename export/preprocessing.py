"""Put a fitted preprocessing in front of a model, in the truth and in the graph alike."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.errors import Refused
from export.extras import need, versions
from export.feature_names import agreed, fitted_names, unnamed_rows
from export.original import Original
from export.pickles import unpickled
from export.precision import trained_on
from export.steps import apply, fills, steps_of
from serinus.schema import Rows


def behind(file: Path, model: Original) -> Original:
    """`model` fed with what the pickled transformer in `file` makes of its rows, in float32."""
    need("sklearn")
    transformer = unpickled(file)
    _check(transformer, file, model)
    dtype = trained_on(transformer, model)
    steps, knows = steps_of(transformer, dtype), model.knows
    return replace(
        model,
        predict=lambda rows: model.predict(_transformed(transformer, rows.astype(dtype))),
        steps=(*steps, *model.steps),
        nan_policy="allow" if fills(steps) else model.nan_policy,
        names=agreed({str(file): fitted_names(transformer), "the model": model.names}),
        dependencies={**model.dependencies, **versions("scikit-learn")},
        knows=None if knows is None else lambda rows: knows(apply(steps, rows)),
    )


def _check(transformer: Any, file: Path, model: Original) -> None:
    steps_of(transformer)
    if transformer.n_features_in_ != model.features:
        raise Refused(f"{file} was fitted on {transformer.n_features_in_} features, the model on {model.features}")
    if model.categories:
        raise Refused(f"{file} computes with features that are words to the model: put both into one Pipeline")


def _transformed(transformer: Any, rows: NDArray[np.floating]) -> Rows:
    with unnamed_rows(), np.errstate(over="ignore"):
        return np.asarray(transformer.transform(rows), np.float32)
