"""What a bundle remembers of its sample, as histograms, and what comes later counted in their bins."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from serinus.bins import NAMES
from serinus.bundle import REFERENCE
from serinus.errors import BundleError
from serinus.histogram import INVALID, MISSING, Histogram
from serinus.prediction import Answers, Classes
from serinus.reference import Counts, Edges, Keeper, inputs, outputs
from serinus.schema import ClassificationSchema, Rows

CLASS, CONFIDENCE, VALUE = "class", "confidence", "value"
ABOVE_ONE = 1e-5  # by how much float32 probabilities may exceed 1 where several models' are averaged
Histograms = Mapping[str, Histogram]


def kept_answers(bundle: Keeper) -> Histograms:
    """`class` and `confidence` of what a classifier answered to its sample, `value` of what a regressor did."""
    kept, schema = outputs(bundle), bundle.metadata.output_schema
    if kept.classes is None or not isinstance(schema, ClassificationSchema):
        return {VALUE: _binned(bundle, VALUE, INVALID, kept.edges, kept.counts)}
    classes = _histogram(bundle, CLASS, (*schema.labels, INVALID), None, kept.classes)
    return {CLASS: classes, CONFIDENCE: _binned(bundle, CONFIDENCE, INVALID, kept.edges, kept.counts)}


def kept_rows(bundle: Keeper) -> Histograms:
    """By feature, the values of the sample."""
    kept = inputs(bundle)
    by_feature = zip(bundle.metadata.input_schema.names, kept.edges, kept.counts, strict=True)
    return {name: _binned(bundle, name, MISSING, edges, counts) for name, edges, counts in by_feature}


def count_answers(kept: Histograms, answers: Answers) -> Histograms:
    """`answers` in the bins of `kept`: their counts alone. What is no answer is counted as invalid."""
    columns = {VALUE: answers.values} if not isinstance(answers, Classes) else _columns(kept, answers)
    return _counted(kept, columns)


def count_rows(kept: Histograms, rows: Rows) -> Histograms:
    """`rows` [N, F] in the bins of `kept`: their counts alone. What is no finite number is counted as missing."""
    if rows.ndim != 2 or rows.shape[1] != len(kept):
        raise ValueError(f"expected rows of {len(kept)} features, got shape {rows.shape}")
    return _counted(kept, dict(zip(kept, rows.T, strict=True)))


def _columns(kept: Histograms, answers: Classes) -> dict[str, NDArray[np.int64] | NDArray[np.float32]]:
    labels = kept[CLASS].names[:-1] if CLASS in kept else ()
    if sorted(labels) != sorted(answers.labels):
        raise ValueError(f"expected answers of the classes {labels}, got {answers.labels}")
    ordered = answers.in_order(labels)
    confidence, is_answer = ordered.confidence, ordered.is_answer
    is_probability = is_answer & (confidence >= 0) & (confidence <= 1 + ABOVE_ONE)
    return {
        CLASS: np.where(is_answer, ordered.ids, -1),
        CONFIDENCE: np.where(is_probability, confidence, np.float32(np.nan)),
    }


def _counted(kept: Histograms, columns: Mapping[str, NDArray[np.int64] | NDArray[np.float32]]) -> Histograms:
    if set(kept) != set(columns):
        raise ValueError(f"expected histograms of {sorted(columns)}, got them of {sorted(kept)}")
    return {name: kept[name].counted(columns[name]) for name in kept}


def _binned(bundle: Keeper, what: str, last: str, edges: Edges, counts: Counts) -> Histogram:
    """Without the edges of infinity, and the bins above them, in which there is nothing."""
    bins = int(np.sum(~np.isposinf(edges))) + 1
    if counts[bins:].any():
        raise BundleError(f"{bundle.folder / REFERENCE}: expected nothing above infinity of {what}, got {counts}")
    return _histogram(bundle, what, (*NAMES[:bins], last), tuple(edges[: bins - 1].tolist()), counts[:bins])


def _histogram(
    bundle: Keeper, what: str, names: tuple[str, ...], edges: tuple[float, ...] | None, counts: Counts
) -> Histogram:
    rows = bundle.metadata.reference.rows if bundle.metadata.reference else 0
    try:
        return Histogram(names, edges, (*counts.tolist(), rows - int(counts.sum())))
    except ValueError as error:
        raise BundleError(f"{bundle.folder / REFERENCE} does not tell the {what} of {rows} rows: {error}") from error
