"""Run one bundle in ONNX Runtime. The only module that knows onnxruntime."""

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort

from serinus.bundle import MODEL, Bundle
from serinus.errors import BundleError
from serinus.prediction import Answers, Classes, Values
from serinus.schema import ClassificationSchema, Rows

RUNTIME = f"onnxruntime {ort.__version__}"
SILENT = 4  # what it logs as an error it raises too, and the text may quote a value of a row
FLOAT, INT = "tensor(float)", "tensor(int64)"
Signature = tuple[str | int, ...]


class Predictor:
    """A loaded model. Safe to call from several threads at once."""

    def __init__(self, bundle: Bundle, *, threads: int = 1) -> None:
        self.folder = bundle.folder
        self.metadata = bundle.metadata
        self.digest = bundle.digest
        schema = bundle.metadata.output_schema
        self._labels = schema.labels if isinstance(schema, ClassificationSchema) else None
        self._outputs = ["value"] if self._labels is None else ["label", "probabilities"]
        self._session = session(bundle.model, threads=threads)
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


def _signature(put: ort.NodeArg) -> Signature:
    return (put.type, *(size if isinstance(size, int) else "N" for size in put.shape))


def session(model: bytes, *, threads: int = 1) -> ort.InferenceSession:
    """An ONNX Runtime session on the CPU that does not spin: a spinning pool burns 5 ms of CPU a call."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = SILENT
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        made = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no base class
        raise BundleError(f"onnxruntime cannot load the model: {error}") from error
    made._model_bytes = None  # kept for a second try with other providers, and as large as the file
    return made
