"""A foreign ONNX graph between our own ends: from float32 rows [N, F] to the float32 numbers it answers them with."""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from export.errors import Refused
from export.extras import need
from export.onnx_files import Foreign, nodes_of
from export.onnx_inputs import DOUBLE, FLOAT, ROWS, Entry
from export.onnx_outputs import Exit
from export.onnx_trees import ensembles
from export.pieces import OPSET, OPSETS, Piece
from serinus.schema import Rows

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

IR = 8
ANSWER = "serinus_answer"
TRIED = 16


def between(file: Foreign, entry: Entry, leaving: Exit) -> "ModelProto":
    """The graph of `file`, brought to our opset, from ROWS to ANSWER."""
    body = _body(file, entry, leaving)
    _check_domains(body, file)
    front, end = entry.front(), _end(leaving)
    graph = _brought(body, file).graph
    model = _model([*front.nodes, *graph.node, *end.nodes], graph, (front, end), entry.features)
    _check(model, body, file)
    return model


def with_two_columns(model: "ModelProto") -> "ModelProto":
    """`model`, whose answer is the probability of the second class, with that of the first beside it."""
    both, piece = deepcopy(model), Piece()
    one = piece.constant("serinus_one", np.ones(1, np.float32))
    piece.add("Sub", [one, ANSWER], "serinus_first")
    piece.add("Concat", ["serinus_first", ANSWER], "serinus_both", axis=1)
    both.graph.node.extend(piece.nodes)
    both.graph.initializer.extend(piece.constants)
    both.graph.output[0].name = "serinus_both"
    return both


def places(model: "ModelProto", features: int, file: Foreign) -> Mapping[str, NDArray[np.int32]]:
    """By the tensor that an ensemble of trees reads: which feature each of its columns is, -1 for none as it came.

    Found by running rows that differ everywhere; whatever the graph does to a feature on the way shows in its bits.
    """
    rows = np.random.default_rng(0).normal(size=(TRIED, features)).astype(np.float32)
    read = sorted({node.input[0] for node in ensembles(model.graph)})
    seen = zip(read, _run(model, read, rows, file), strict=True)
    return {name: _columns(rows, values) for name, values in seen if values.ndim == 2}


def _run(model: "ModelProto", names: Sequence[str], rows: Rows, file: Foreign) -> list[NDArray[np.floating]]:
    """What the tensors `names` of `model` are for `rows`."""
    from serinus.session import session

    onnx = need("onnx")
    told = deepcopy(model)
    told.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    try:
        answers = session(told.SerializeToString()).run([ANSWER, *names], {ROWS: rows})
    except Exception as error:  # ONNX Runtime has an error for every status, and no base of its own for them
        raise Refused(
            f"the graph of {file.source} does not run on {len(rows)} rows at once: {str(error).splitlines()[0][:300]}. "
            "If it is made for one row at a time, convert the original for any number of them"
        ) from error
    return list(answers[1:])


def _columns(rows: Rows, values: NDArray[np.floating]) -> NDArray[np.int32]:
    same = (values.astype(np.float32)[:, :, None] == rows[:, None, :]).all(axis=0)
    return np.where(same.any(axis=1), same.argmax(axis=1), -1).astype(np.int32)


def _body(file: Foreign, entry: Entry, leaving: Exit) -> "ModelProto":
    """What the answer needs of the file: neither a label nor dictionaries."""
    helper, graph = need("onnx.helper"), file.model.graph
    given = {part.name for part in entry.parts}
    body = helper.make_graph(
        _needed(graph, leaving.tensor),
        "body",
        [put for put in graph.input if put.name in given],
        [helper.make_tensor_value_info(leaving.tensor, DOUBLE if leaving.is_double else FLOAT, None)],
        list(graph.initializer),
    )
    for node in nodes_of(body):
        for attribute in node.attribute:
            if attribute.HasField("g"):
                del attribute.g.value_info[:]  # which would keep names that `finish` changes
    newest: dict[str, int] = {}
    for opset in file.model.opset_import:
        newest[opset.domain] = max(newest.get(opset.domain, 0), opset.version)
    opsets = [helper.make_opsetid(domain, newest.get(domain, 1)) for domain in OPSETS]
    model: ModelProto = helper.make_model(body, opset_imports=opsets, ir_version=IR)
    return model


def _needed(graph: "GraphProto", tensor: str) -> list["NodeProto"]:
    wanted, kept = {tensor}, []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input, *(inner.input for a in node.attribute for inner in nodes_of(a.g)))
    return kept[::-1]


def _check_domains(body: "ModelProto", file: Foreign) -> None:
    nodes = nodes_of(body.graph)
    others = sorted({f"{node.domain}.{node.op_type}" for node in nodes if node.domain not in OPSETS})
    if others:
        raise Refused(
            f"{file.source} needs {', '.join(others[:5])}: no operators of ONNX itself. Convert the original without "
            "optimising it for one runtime"
        )


def _brought(body: "ModelProto", file: Foreign) -> "ModelProto":
    """`body` in our opset, from whichever it is in."""
    if not any(node.domain == "" for node in body.graph.node):
        return body
    try:
        converted: ModelProto = need("onnx.version_converter").convert_version(body, OPSET)
    except Exception as error:  # the converter is C++, and throws what it likes
        raise _does_not_fit(file, body, error) from error
    return converted


def _check(model: "ModelProto", body: "ModelProto", file: Foreign) -> None:
    checker, inference = need("onnx.checker"), need("onnx.shape_inference")
    try:
        checker.check_model(model, full_check=True)
    except (checker.ValidationError, inference.InferenceError) as error:
        raise _does_not_fit(file, body, error) from error


def _does_not_fit(file: Foreign, body: "ModelProto", error: Exception) -> Refused:
    opsets = ", ".join(f"{opset.domain or 'ai.onnx'} {opset.version}" for opset in body.opset_import)
    reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return Refused(
        f"{file.source} is written in {opsets}, and does not fit the opset of bundles ({reason.strip()[:200]}): "
        f"convert the original again with target_opset={OPSETS}"
    )


def _end(leaving: Exit) -> Piece:
    piece = Piece()
    name = piece.add("Cast", [leaving.tensor], f"{ANSWER}_cast", to=FLOAT) if leaving.is_double else leaving.tensor
    if len(leaving.answer.shape) == 2 or leaving.keys:
        piece.add("Identity", [name], ANSWER)
    else:
        shape = piece.constant(f"{ANSWER}_shape", np.array([0, -1], np.int64))  # [N] becomes [N, 1]
        piece.add("Reshape", [name, shape], ANSWER)
    return piece


def _model(nodes: Iterable["NodeProto"], body: "GraphProto", ends: Iterable[Piece], features: int) -> "ModelProto":
    helper = need("onnx.helper")
    graph = helper.make_graph(
        list(nodes),
        "serinus",
        [helper.make_tensor_value_info(ROWS, FLOAT, ["N", features])],
        [helper.make_tensor_value_info(ANSWER, FLOAT, ["N", None])],
        [*body.initializer, *(constant for end in ends for constant in end.constants)],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    model: ModelProto = helper.make_model(graph, opset_imports=opsets, ir_version=IR)
    return model
