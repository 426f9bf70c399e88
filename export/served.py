"""Run an original and the graph made of it on many rows, in chunks, so that memory does not grow with the rows."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from export.original import Original
from serinus.golden import Natives
from serinus.prediction import Answers, Classes, Values
from serinus.schema import ClassificationSchema, Rows

CHUNK = 4096
Progress = Callable[[str], None]


def native(original: Original, rows: Rows, progress: Progress = lambda _: None) -> Natives:
    """What the original answers: probabilities [N, C] or values [N, 1], and no word about overflows."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.concatenate([original.predict(some) for some in _chunks(rows, "the original", progress)])


def served(original: Original, model: bytes, rows: Rows, progress: Progress = lambda _: None) -> Answers:
    """What the serialised graph `model` answers in ONNX Runtime."""
    from serinus.session import session  # here, so that a missing onnxruntime is reported as such

    running = session(model)
    names = ["label", "probabilities"] if labels(original) else ["value"]
    outputs = [running.run(names, {"input": some}) for some in _chunks(rows, "the graph", progress)]
    return _answers(labels(original), [np.concatenate(output) for output in zip(*outputs, strict=True)])


def labels(original: Original) -> tuple[str, ...]:
    return original.output.labels if isinstance(original.output, ClassificationSchema) else ()


def _answers(known: tuple[str, ...], outputs: Sequence[NDArray[np.generic]]) -> Answers:
    if known:
        return Classes(known, outputs[0].astype(np.int64), outputs[1].astype(np.float32))
    return Values(outputs[0].astype(np.float32)[:, 0])


def _chunks(rows: Rows, who: str, progress: Progress) -> Iterator[Rows]:
    for start in range(0, len(rows), CHUNK):
        progress(f"{who} answers row {start:,} of {len(rows):,}")
        yield rows[start : start + CHUNK]
