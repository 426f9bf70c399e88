"""A part of an ONNX graph whose tensors are named by counting."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from export.extras import need
from export.pieces import upgraded

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

FLOAT, INT64, DOUBLE = 1, 7, 11  # as onnx.TensorProto numbers its types


class Draft:
    """`prefix` keeps the names of one draft apart from those of another."""

    def __init__(self, prefix: str) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._prefix = prefix
        self._names = 0

    def constant(self, values: NDArray[Any]) -> str:
        name = self._name()
        self.constants.append(need("onnx.numpy_helper").from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of one output; its name."""
        name = self._name()
        self.nodes.append(need("onnx.helper").make_node(operator, list(inputs), [name], **attributes))
        return name

    def graft(self, model: "ModelProto", rows: str) -> Callable[[str], str]:
        """Grow a whole `model` on the tensor `rows`; what its own tensors are called here."""
        graph = upgraded(model).graph
        names = {graph.input[0].name: rows}
        _rename(graph, names, f"{self._name()}_")
        self.nodes.extend(graph.node)
        self.constants.extend(graph.initializer)
        return names.__getitem__

    def _name(self) -> str:
        self._names += 1
        return f"{self._prefix}{self._names}"


def _rename(graph: "GraphProto", names: dict[str, str], prefix: str) -> None:
    defined = [tensor.name for tensor in graph.initializer] + [name for node in graph.node for name in node.output]
    names.update({name: prefix + name for name in defined if name})
    for tensor in graph.initializer:
        tensor.name = names[tensor.name]
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
