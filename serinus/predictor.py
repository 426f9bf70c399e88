"""Run one bundle in ONNX Runtime."""

from collections.abc import Sequence

import numpy as np

from serinus.bundle import MODEL, Bundle
from serinus.errors import BundleError
from serinus.prediction import Answers, Classes, Values
from serinus.schema import ClassificationSchema, Rows
from serinus.session import NodeArg, Opened, session

FLOAT, INT = "tensor(float)", "tensor(int64)"
Signature = tuple[str | int, ...]


class Predictor:
    """A loaded model. Safe to call from several threads at once.

    opened: used in place of a session of its own where it was made of this bundle's model
    """

    def __init__(self, bundle: Bundle, *, threads: int = 1, opened: Opened | None = None) -> None:
        self.folder = bundle.folder
        self.metadata = bundle.metadata
        self.digest = bundle.digest
        schema = bundle.metadata.output_schema
        self._labels = schema.labels if isinstance(schema, ClassificationSchema) else None
        self._outputs = ["value"] if self._labels is None else ["label", "probabilities"]
        is_same = opened is not None and threads == 1 and opened.digest == bundle.files[MODEL]
        self._session = opened.session if opened and is_same else session(bundle.model, threads=threads)
        self._check_signature(bundle)

    def predict(self, rows: Rows) -> Answers:
        """Answer float32 `rows` [N, F]. The caller has checked them: see `serinus.schema.refused`."""
        results = self._session.run(self._outputs, {"input": rows})
        if self._labels is None:
            return Values(results[0][:, 0])
        return Classes(self._labels, results[0], results[1])

    def warm(self) -> None:
        """Run once, on zeros: the first run of a session allocates what later ones use."""
        self.predict(np.zeros((1, self.metadata.input_schema.features), np.float32))

    def _check_signature(self, bundle: Bundle) -> None:
        got = {put.name: _signature(put) for put in (*self._session.get_inputs(), *self._session.get_outputs())}
        expected = {"input": (FLOAT, "N", bundle.metadata.input_schema.features), **_outputs(self._labels)}
        if got != expected:
            raise BundleError(f"{bundle.folder / MODEL}: its metadata says {expected}, it has {got}")


def _outputs(labels: Sequence[str] | None) -> dict[str, Signature]:
    if labels is None:
        return {"value": (FLOAT, "N", 1)}
    return {"label": (INT, "N"), "probabilities": (FLOAT, "N", len(labels))}


def _signature(put: NodeArg) -> Signature:
    return (put.type, *(size if isinstance(size, int) else "N" for size in put.shape))
