"""Pieces of ONNX graphs, and what a whole model has to look like to become one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from export.errors import Refused
from export.extras import need

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

OPSET = 17
IR = 8
OPSETS = {"": OPSET, "ai.onnx.ml": 3}


class Piece:
    """Nodes and constants that are being put together."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, name: str, values: Any) -> str:
        self.constants.append(need("onnx.numpy_helper").from_array(np.asarray(values), name))
        return name

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes.append(need("onnx.helper").make_node(operator, list(inputs), [output], **attributes))
        return output


def upgraded(model: "ModelProto") -> "ModelProto":
    """`model` in our opset: onnxmltools stops at 15, and may import one domain twice."""
    newest: dict[str, int] = {}
    for opset in model.opset_import:
        newest[opset.domain] = max(newest.get(opset.domain, 0), opset.version)
    foreign = sorted(set(newest) - set(OPSETS))
    if foreign:
        raise Refused(f"the model needs operators of {', '.join(foreign)}, which ONNX Runtime alone does not have")
    make_opset = need("onnx.helper").make_opsetid
    del model.opset_import[:]
    model.opset_import.extend(make_opset(domain, version) for domain, version in newest.items())
    if newest.get("", OPSET) >= OPSET:
        return model
    raised: ModelProto = need("onnx.version_converter").convert_version(model, OPSET)
    return raised


def answer_of(graph: "GraphProto") -> str:
    """The output that holds probabilities or values: the last one, behind the label where there is one."""
    return str(graph.output[-1].name)
