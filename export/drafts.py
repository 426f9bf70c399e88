"""A part of an ONNX graph whose tensors are named by counting."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from export.extras import need
from export.pieces import answer_of, upgraded

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

FLOAT, INT64, DOUBLE = 1, 7, 11  # as onnx.TensorProto numbers its types
ANSWER = ""


class Draft:
    """`prefix` keeps the names of one draft apart from those of another; without a `graph`, only names are made."""

    def __init__(self, prefix: str, graph: "GraphProto | None") -> None:
        self._prefix = prefix
        self._graph = graph
        self._names = 0

    def constant(self, values: NDArray[Any]) -> str:
        name = self._name()
        if self._graph is not None:
            self._graph.initializer.append(need("onnx.numpy_helper").from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node of one output; its name. Arrays become lists one at a time: those of a forest are large."""
        name = self._name()
        if self._graph is not None:
            node = self._graph.node.add(op_type=operator, input=inputs, output=[name], domain=domain)
            for key, value in attributes.items():
                given = value.tolist() if isinstance(value, np.ndarray) else value
                node.attribute.append(need("onnx.helper").make_attribute(key, given))
        return name

    def graft(self, make: "Callable[[], ModelProto]", rows: str) -> Callable[[str], str]:
        """Grow a whole model on the tensor `rows`; what its tensors are called here, its ANSWER among them."""
        if self._graph is None:
            return lambda _: self._name()
        graph = upgraded(make()).graph
        names = {graph.input[0].name: rows}
        _rename(graph, names, f"{self._name()}_")
        self._graph.node.extend(graph.node)
        self._graph.initializer.extend(graph.initializer)
        return {**names, ANSWER: names[answer_of(graph)]}.__getitem__

    def _name(self) -> str:
        self._names += 1
        return f"{self._prefix}{self._names}"


def _rename(graph: "GraphProto", names: dict[str, str], prefix: str) -> None:
    defined = [tensor.name for tensor in graph.initializer] + [name for node in graph.node for name in node.output]
    names.update({name: prefix + name for name in defined})
    for tensor in graph.initializer:
        tensor.name = names[tensor.name]
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names[name] for name in node.output]
