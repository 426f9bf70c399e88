"""A model in ONNX Runtime, opened in the one way it is opened here. The only module that imports onnxruntime."""

import os
from dataclasses import dataclass

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # noqa: TID251  # on, it reports to its makers, from a thread of its own

import onnxruntime as ort  # reads that when it is imported

from serinus.errors import BundleError

NodeArg = ort.NodeArg
RUNTIME = f"onnxruntime {ort.__version__}"
SILENT = 4  # what it logs as an error it raises too, and the text may quote a value of a row


@dataclass(frozen=True)
class Opened:
    """A session, the SHA-256 of the very bytes that it was made of, and how long that took."""

    digest: str
    session: ort.InferenceSession
    seconds: float


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
