"""Logistic regression as a graph in the precision scikit-learn computes it in; the stock converter's is float32."""

from typing import Any

import numpy as np

from export.extras import need

CONVERTER_OPSET = 17


def logistic_graph(estimator: Any) -> Any:
    """The ONNX model of a fitted LogisticRegression: one weighted sum, then a sigmoid or a softmax."""
    helper, numpy_helper, proto = need("onnx.helper"), need("onnx.numpy_helper"), need("onnx").TensorProto
    weights, offsets = estimator.coef_.T, np.broadcast_to(estimator.intercept_, len(estimator.coef_))
    wide = proto.DOUBLE if weights.dtype == np.float64 else proto.FLOAT
    sums = [
        helper.make_node("Cast", ["input"], ["wide"], to=wide),
        helper.make_node("MatMul", ["wide", "weights"], ["products"]),
        helper.make_node("Add", ["products", "offsets"], ["sums"]),
    ]
    constants = {"weights": weights, "offsets": offsets.astype(weights.dtype), "one": np.ones(1, weights.dtype)}
    graph = helper.make_graph(
        [*sums, *_squash(helper, binary=weights.shape[1] == 1), helper.make_node("Cast", ["p"], ["answer"], to=1)],
        "logistic",
        [helper.make_tensor_value_info("input", proto.FLOAT, ["N", len(weights)])],
        [helper.make_tensor_value_info("answer", proto.FLOAT, ["N", len(estimator.classes_)])],
        [numpy_helper.from_array(np.ascontiguousarray(values), name) for name, values in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", CONVERTER_OPSET)])


def _squash(helper: Any, *, binary: bool) -> list[Any]:
    if not binary:
        return [helper.make_node("Softmax", ["sums"], ["p"], axis=1)]
    return [
        helper.make_node("Sigmoid", ["sums"], ["second"]),
        helper.make_node("Sub", ["one", "second"], ["first"]),
        helper.make_node("Concat", ["first", "second"], ["p"], axis=1),
    ]
