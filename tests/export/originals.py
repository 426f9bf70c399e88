"""Small trained models for tests, each in the file its own library writes, and stand-ins for wrong ones."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnx
import xgboost
from numpy.typing import NDArray

from export.gate import Proof, prove
from export.graph import finish
from export.original import Original
from export.probes import probes
from serinus.golden import Natives
from serinus.schema import Rows

FEATURES = 5


def sample_rows(*, missing: float = 0.0, count: int = 400) -> Rows:
    """Rows of five features of different scales; a share of `missing` values."""
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(count, FEATURES)) * [1, 20, 0.01, 300, 1] + [0, 5, 3, 1000, -2]
    rows[generator.uniform(size=rows.shape) < missing] = np.nan
    return rows.astype(np.float32)


def three_classes(rows: Rows) -> NDArray[np.int64]:
    """A class per row that depends on two features and some chance."""
    generator = np.random.default_rng(2)
    score = np.nan_to_num(rows[:, 0]) + np.nan_to_num(rows[:, 1] / 20) + generator.normal(size=len(rows)) / 3
    return np.digitize(score, [-0.5, 1.0])


def two_classes(rows: Rows) -> NDArray[np.int64]:
    return np.minimum(three_classes(rows), 1)


def values(rows: Rows) -> NDArray[np.float64]:
    return 50.0 + 10 * np.nan_to_num(rows[:, 0]) + np.nan_to_num(rows[:, 3]) / 100


def booster(
    file: Path, rows: Rows, targets: NDArray[Any], params: Mapping[str, object], *, rounds: int = 8, **more: Any
) -> Any:
    """An XGBoost model saved to `file`."""
    settings = {"max_depth": 3, "nthread": 1, **params}
    trained = xgboost.train(settings, xgboost.DMatrix(rows, targets, nthread=1), rounds, **more)
    trained.save_model(file)
    return trained


def pickled(file: Path, fitted: object) -> Path:
    joblib.dump(fitted, file)
    return file


def disguised(forest: Any) -> Any:
    """`forest`, except that by itself it answers with its classes in another order than its trees say."""
    forest.predict_proba = partial(_reversed_answers, copy.deepcopy(forest))
    return forest


def _reversed_answers(forest: Any, rows: Rows) -> Natives:
    answers: Natives = forest.predict_proba(rows)[:, ::-1]
    return answers


def graph_of(original: Original, converted: onnx.ModelProto | None = None) -> bytes:
    """The finished graph of `original`, or what it would be with another converter's result."""
    return finish(replace(original, graph=lambda: converted) if converted is not None else original, {})


def proof(original: Original, graph: bytes, sample: Rows | None = None) -> Proof:
    """The gate's verdict on `graph`; raises ParityFailed."""
    return prove(original, graph, probes(original, sample, np.random.default_rng(0)), lambda _: None)


def attribute(graph: onnx.ModelProto, name: str) -> Any:
    """The attribute `name` of the one tree ensemble of `graph`, to be changed in place."""
    (ensemble,) = (node for node in graph.graph.node if node.op_type.startswith("TreeEnsemble"))
    return next(attribute for attribute in ensemble.attribute if attribute.name == name)
