"""Put a fitted preprocessing in front of a model, in the truth and in the graph alike."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from export.errors import Refused
from export.extras import need, versions
from export.feature_names import agreed, fitted_names, unnamed_rows
from export.original import Original
from export.pickles import unpickled
from export.steps import fills, steps_of
from serinus.schema import Rows


def behind(file: Path, model: Original) -> Original:
    """`model` fed with what the pickled transformer in `file` makes of its rows."""
    need("sklearn")
    transformer = unpickled(file)
    steps = steps_of(transformer)
    if transformer.n_features_in_ != model.features:
        raise Refused(f"{file} was fitted on {transformer.n_features_in_} features, the model on {model.features}")
    return replace(
        model,
        predict=lambda rows: model.predict(_transformed(transformer, rows)),
        steps=(*steps, *model.steps),
        nan_policy="allow" if fills(steps) else model.nan_policy,
        names=agreed({str(file): fitted_names(transformer), "the model": model.names}),
        dependencies={**model.dependencies, **versions("scikit-learn")},
    )


def _transformed(transformer: Any, rows: Rows) -> Rows:
    with unnamed_rows():
        return np.asarray(transformer.transform(rows.copy()))  # with copy=False it would write into the rows
