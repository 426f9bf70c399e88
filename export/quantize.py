"""Make a graph smaller: its weights in fewer bits, its arithmetic in float32 as before.

    dynamic-int8    weights as int8 and one float32 scale per output, a quarter of the size
    float16         weights in half precision, half of the size

Only weights that are multiplied with: thresholds of trees, scalers and biases stay as they are. ONNX Runtime computes
the weights back when it loads the model, so that answers take no longer, and the answer to a row does not depend on the
other rows, as it would if activations were quantised by the range of the whole batch (DynamicQuantizeLinear).
"""

from collections.abc import Callable, Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from export.errors import Refused
from serinus.metadata import Method

LEAST = 1_024  # numbers; a small weight saves nothing and costs as much accuracy as a large one
INT8 = 127
Weights = NDArray[np.float32]
Stored = tuple[list[TensorProto], list[NodeProto]]


def quantized(model: bytes, method: Method) -> bytes:
    """The serialised graph `model`, with its weights kept by `method`; Refused when that makes it no smaller."""
    smaller = onnx.load_from_string(model)
    graph = smaller.graph
    weights = {name: axes for node in graph.node for name, axes in _weights_of(node)}
    large = [tensor for tensor in graph.initializer if tensor.name in weights and _is_large(tensor)]
    stored = [METHODS[method](tensor.name, numpy_helper.to_array(tensor), weights[tensor.name]) for tensor in large]
    kept = [tensor for tensor in graph.initializer if tensor.name not in weights or not _is_large(tensor)]
    _replace(
        graph, [*kept, *(tensor for tensors, _ in stored for tensor in tensors)], [n for _, ns in stored for n in ns]
    )
    onnx.checker.check_model(smaller, full_check=True)
    result = bytes(smaller.SerializeToString(deterministic=True))
    if len(result) >= len(model):
        raise Refused(f"{method} makes the model no smaller ({len(model):,} bytes): {_reason(graph)}")
    return result


def _weights_of(node: NodeProto) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The inputs of `node` that are weights, each with the axes that one output sums over."""
    match node.op_type:
        case "MatMul":
            yield node.input[1], (-2,)
        case "Gemm":
            transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
            yield node.input[1], (-1 if transposed else -2,)
        case "Conv":
            yield node.input[1], (1, 2, 3)
        case "LSTM" | "GRU" | "RNN":
            yield node.input[1], (-1,)
            yield node.input[2], (-1,)


def _is_large(tensor: TensorProto) -> bool:
    return tensor.data_type == TensorProto.FLOAT and int(np.prod(tensor.dims)) >= LEAST


def _as_int8(name: str, weights: Weights, axes: tuple[int, ...]) -> Stored:
    """Steps of one size, symmetric around zero: a weight of zero, such as a pruned one, stays zero."""
    summed = tuple(axis for axis in axes if -weights.ndim <= axis < weights.ndim)
    scale = np.abs(weights).max(axis=summed, keepdims=True) / np.float32(INT8)
    steps = np.rint(weights / np.where(scale == 0, np.float32(1), scale)).astype(np.int8)
    tensors = [numpy_helper.from_array(steps, f"{name}_int8"), numpy_helper.from_array(scale, f"{name}_scale")]
    cast = helper.make_node("Cast", [f"{name}_int8"], [f"{name}_steps"], to=TensorProto.FLOAT)
    return tensors, [cast, helper.make_node("Mul", [f"{name}_steps", f"{name}_scale"], [name])]


def _as_float16(name: str, weights: Weights, _: tuple[int, ...]) -> Stored:
    largest = float(np.finfo(np.float16).max)
    if (biggest := float(np.abs(weights).max())) > largest:
        raise Refused(f"float16 holds numbers up to {largest:,.0f}, the model has weights up to {biggest:,.0f}")
    half = numpy_helper.from_array(weights.astype(np.float16), f"{name}_half")
    return [half], [helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT)]


METHODS: dict[Method, Callable[[str, Weights, tuple[int, ...]], Stored]] = {
    "dynamic-int8": _as_int8,
    "float16": _as_float16,
}


def _replace(graph: GraphProto, tensors: list[TensorProto], first: list[NodeProto]) -> None:
    nodes = [*first, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(tensors)
    graph.node.extend(nodes)


def _reason(graph: GraphProto) -> str:
    if any(node.op_type.startswith("TreeEnsemble") for node in graph.node):
        return "its size is that of its trees, whose thresholds must stay as they are"
    return f"it has no layer (MatMul, Gemm, Conv, LSTM, GRU, RNN) with {LEAST:,} float32 weights or more"
