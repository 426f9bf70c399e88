"""Turn what a converter made into the one graph that bundles hold.

    input float32 [N, F] -> steps -> the converter's nodes -> probabilities float32 [N, C] and label int64 [N],
                                                              or value float32 [N, 1]

Opset 17 and ai.onnx.ml 3, IR 8, no ZipMap, no leftovers, and names that depend on nothing but the graph itself, so
that the same model makes the same bytes.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper

from export.drafts import Draft
from export.errors import Refused
from export.original import Original
from export.pieces import IR as IR
from export.pieces import OPSETS as OPSETS
from export.pieces import Piece as Piece
from export.pieces import answer_of, upgraded
from export.steps import Step
from export.wires import applied
from serinus.schema import ClassificationSchema

Named = TensorProto | onnx.ValueInfoProto


def finish(original: Original, properties: Mapping[str, str]) -> bytes:
    """The serialised graph of `original`, as the bundle contract wants it."""
    front = _front(original.steps, "features")
    tail, outputs = _tail(original, "answer")
    model = ModelProto(ir_version=IR, producer_name="serinus")  # filled in place: copies of a large forest cost memory
    model.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in OPSETS.items())
    model.graph.name = "serinus"
    model.graph.input.append(helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", original.features]))
    model.graph.output.extend(outputs)
    _add(model.graph, front.node, front.initializer)
    _add_body(model.graph, original)
    _add(model.graph, tail.nodes, tail.constants)
    helper.set_model_props(model, dict(sorted(properties.items())))
    _check(model)
    return bytes(model.SerializeToString(deterministic=True))


def _add_body(graph: onnx.GraphProto, original: Original) -> None:
    """What the converter made, from `features` to `answer`."""
    converted = upgraded(original.graph()).graph
    start, end = converted.input[0].name, answer_of(converted)
    nodes, constants = _add(graph, *_alive(converted, end))
    _renumber(nodes, constants, {start: "features", end: "answer"})


def _add(
    graph: onnx.GraphProto, nodes: Sequence[NodeProto], constants: Sequence[TensorProto]
) -> tuple[Sequence[NodeProto], Sequence[TensorProto]]:
    """Copies of `nodes` and `constants` at the end of `graph`."""
    already = len(graph.node), len(graph.initializer)
    graph.node.extend(nodes)
    graph.initializer.extend(constants)
    return graph.node[already[0] :], graph.initializer[already[1] :]


def _check(model: ModelProto) -> None:
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise Refused(f"the converter could not express this model in ONNX: {str(error).strip()}") from error


def _alive(graph: onnx.GraphProto, answer: str) -> tuple[list[NodeProto], list[TensorProto]]:
    """What `answer` needs of `graph`, in the order it is needed: converters sort by names, which count up."""
    makers = {output: node for node in graph.node for output in node.output}
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    nodes, constants = list[NodeProto](), list[TensorProto]()
    done, waiting = set[str](), [answer]
    while waiting:
        name = waiting[-1]
        missing = [] if name in done or name not in makers else [r for r in _reads(makers[name]) if r not in done]
        if missing:
            waiting.extend(reversed(missing))
            continue
        waiting.pop()
        if name not in done:
            nodes.extend([makers[name]] if name in makers else [])
            constants.extend([tensors[name]] if name in tensors else [])
            done.update(makers[name].output if name in makers else [name])
    return nodes, constants


def _reads(node: NodeProto) -> list[str]:
    """What `node` reads, the nodes of its branches and loops included."""
    inner = [child for attribute in node.attribute for child in attribute.g.node]
    return [name for name in [*node.input, *(name for child in inner for name in _reads(child))] if name]


def _renumber(nodes: Sequence[NodeProto], constants: Sequence[TensorProto], names: dict[str, str]) -> None:
    """Give everything the `names` it is told, or numbers: converters count over all models of a process."""
    _number(nodes, constants, names)
    _rename(nodes, constants, names)


def _number(nodes: Iterable[NodeProto], named: Iterable[Named], names: dict[str, str]) -> None:
    for name in [*(one.name for one in named), *(output for node in nodes for output in node.output)]:
        if name:
            names.setdefault(name, f"t{len(names)}")
    for graph in _inner(nodes):
        _number(graph.node, [*graph.initializer, *graph.input], names)


def _rename(nodes: Iterable[NodeProto], named: Iterable[Named], names: Mapping[str, str]) -> None:
    for one in named:
        one.name = names.get(one.name, one.name)
    for node in nodes:
        node.name = node.doc_string = ""
        node.attribute.sort(key=lambda attribute: attribute.name)
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for graph in _inner(nodes):
        _rename(graph.node, [*graph.initializer, *graph.input, *graph.output], names)


def _inner(nodes: Iterable[NodeProto]) -> list[onnx.GraphProto]:
    """The branches and loops in `nodes`."""
    return [attribute.g for node in nodes for attribute in node.attribute if attribute.HasField("g")]


def _front(steps: Sequence[Step], output: str) -> onnx.GraphProto:
    """The nodes that do to `input` what the `steps` do to rows."""
    graph = onnx.GraphProto()
    draft, name = Draft("step", graph), "input"
    if any(step.keeps for step in steps):
        name = draft.add("Cast", name, to=TensorProto.DOUBLE)
    for step in steps:
        name = applied(draft, name, step)
    graph.node.append(helper.make_node("Cast", [name], [output], to=TensorProto.FLOAT))
    return graph


def _tail(original: Original, answer: str) -> tuple[Piece, list[onnx.ValueInfoProto]]:
    piece = Piece()
    if not isinstance(original.output, ClassificationSchema):
        shape = piece.constant("column", np.array([-1, 1], np.int64))
        piece.add("Reshape", [answer, shape], "value")
        return piece, [helper.make_tensor_value_info("value", TensorProto.FLOAT, ["N", 1])]
    piece.add("Identity", [answer], "probabilities")
    piece.add("ArgMax", ["probabilities"], "label", axis=1, keepdims=0)
    return piece, [
        helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", original.output.classes]),
    ]
