"""Open a foreign ONNX file: check that it is one graph of standard operators, and say how it may become ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.errors import Refused
from export.extras import need
from serinus.errors import BundleError

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

ML = "ai.onnx.ml"


@dataclass(frozen=True)
class Port:
    """An input or output: `kind` is its type in ONNX Runtime's words, `shape` is without sizes that may vary."""

    name: str
    kind: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name!r}, a {self.kind} [{sizes}]"


@dataclass(frozen=True)
class Foreign:
    """A file and its graph; `session` runs the file as it is."""

    source: Path
    model: "ModelProto"
    session: Any
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def foreign(source: Path) -> Foreign:
    model = _checked(_parsed(source), source)
    need("onnxruntime")
    from serinus.session import RUNTIME, session  # here, so that a missing onnxruntime is reported as such

    try:
        running = session(source.read_bytes())
    except BundleError as error:
        raise Refused(f"{RUNTIME} cannot run {source}: {str(error.__cause__).splitlines()[0][:300]}") from error
    inputs, outputs = (tuple(map(_port, ports)) for ports in (running.get_inputs(), running.get_outputs()))
    return Foreign(source, model, running, inputs, outputs)


def nodes_of(graph: "GraphProto") -> Iterator["NodeProto"]:
    """All nodes of `graph`, those of its branches and loops included."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from nodes_of(inner)


def _parsed(source: Path) -> "ModelProto":
    onnx = need("onnx")
    try:
        model: ModelProto = onnx.load(source, load_external_data=False)
    except Exception as error:  # protobuf's own DecodeError, which is in none of its public modules
        raise Refused(f"{source} is not an ONNX model: {error}") from error
    if not model.graph.node:
        raise Refused(f"{source} is not an ONNX model: it has no operators")
    return model


def _checked(model: "ModelProto", source: Path) -> "ModelProto":
    if any(_is_elsewhere(tensor) for tensor in model.graph.initializer):
        raise Refused(
            f"{source} keeps its weights in another file: save it in one with "
            f"`onnx.save(onnx.load('{source.name}'), 'whole.onnx')` and export that"
        )
    if model.graph.sparse_initializer:
        raise Refused(f"{source} has sparse weights; a bundle's are dense")
    if model.functions:
        model = need("onnx.inliner").inline_local_functions(model)
    for named in (*nodes_of(model.graph), *model.opset_import):
        named.domain = "" if named.domain == "ai.onnx" else named.domain
    return model


def _is_elsewhere(tensor: "TensorProto") -> bool:
    return bool(need("onnx.external_data_helper").uses_external_data(tensor))


def _port(port: Any) -> Port:
    return Port(
        port.name, port.type, tuple(size if isinstance(size, int) and size > 0 else None for size in port.shape)
    )
