"""The ONNX graph that tf2onnx makes of a TensorFlow function, with what it leaves undone."""

import logging
from copy import deepcopy
from typing import Any

import numpy as np

from export.extras import KERAS, need

OPSET = 17  # tf2onnx stops at 18
PASS_THROUGH = ("Identity", "Cast", "Reshape", "Squeeze")


def converted(flat: Any) -> Any:
    """The graph of a tf.function; what cannot be converted stays in it, to be refused by the checker."""
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    from_function = need("tf2onnx", extra=KERAS).convert.from_function
    model = from_function(flat, input_signature=flat.input_signature, opset=OPSET)[0]
    _say_erfc(model.graph)
    return model


def last_operator(graph: Any) -> str:
    """What the answer comes out of, apart from reshaping."""
    makers = {name: node for node in graph.graph.node for name in node.output}
    node = makers[graph.graph.output[0].name]
    while node.op_type in PASS_THROUGH and node.input[0] in makers:
        node = makers[node.input[0]]
    return str(node.op_type)


def with_two_columns(model: Any) -> Any:
    """A copy of `model` with 1 - p in front of its p."""
    onnx, wider = need("onnx", extra=KERAS), deepcopy(model)
    graph, second = wider.graph, wider.graph.output[0].name
    graph.initializer.append(onnx.numpy_helper.from_array(np.ones(1, np.float32), "one"))
    graph.node.append(onnx.helper.make_node("Sub", ["one", second], ["first"]))
    graph.node.append(onnx.helper.make_node("Concat", ["first", second], ["both"], axis=1))
    graph.output[0].CopyFrom(onnx.helper.make_tensor_value_info("both", onnx.TensorProto.FLOAT, ["N", 2]))
    return wider


def _say_erfc(graph: Any) -> None:
    """Keras 3 computes gelu by erfc, which ONNX only has as 1 - erf."""
    onnx = need("onnx", extra=KERAS)
    nodes = list(graph.node)
    del graph.node[:]
    for node in nodes:
        if node.op_type != "Erfc":
            graph.node.append(node)
            continue
        (given,), (answer,) = node.input, node.output
        graph.node.append(onnx.helper.make_node("Erf", [given], [f"{answer}_erf"]))
        graph.node.append(onnx.helper.make_node("Sub", ["one_less_erf", f"{answer}_erf"], [answer]))
    if any(node.op_type == "Erfc" for node in nodes):
        graph.initializer.append(onnx.numpy_helper.from_array(np.ones(1, np.float32), "one_less_erf"))
