"""ONNX files as others write them, small ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

FLOAT, DOUBLE, INT, WORDS = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.STRING
FEATURES = 5


def put(name: str, shape: Sequence[int | str | None], kind: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def saved(
    file: Path,
    nodes: Sequence[onnx.NodeProto],
    constants: dict[str, Any] | None = None,
    *,
    inputs: Sequence[onnx.ValueInfoProto] = (),
    outputs: Sequence[onnx.ValueInfoProto] = (),
    opset: int = 17,
    **more: Any,
) -> Path:
    """A model of `nodes` in `file`; it takes `x` [N, 5] and answers `y` [N, C] unless told otherwise."""
    graph = helper.make_graph(
        list(nodes),
        "foreign",
        list(inputs or [put("x", [None, FEATURES])]),
        list(outputs or [put("y", [None, None])]),
        [numpy_helper.from_array(np.asarray(values), name) for name, values in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    onnx.save(helper.make_model(graph, opset_imports=more.pop("opset_imports", opsets), ir_version=8, **more), file)
    return file


def weights(columns: int) -> dict[str, NDArray[np.float32]]:
    generator = np.random.default_rng(0)
    scale = np.array([[1], [20], [0.01], [300], [1]])
    return {
        "w": (generator.normal(size=(FEATURES, columns)) / scale).astype(np.float32),
        "b": generator.normal(size=columns).astype(np.float32),
    }


def weighted(after: str | None = None, result: str = "y") -> list[onnx.NodeProto]:
    """x w + b, and what comes `after` it."""
    if after is None:
        return [helper.make_node("Gemm", ["x", "w", "b"], [result])]
    return [helper.make_node("Gemm", ["x", "w", "b"], ["sums"]), helper.make_node(after, ["sums"], [result])]
