"""A LightGBM model as a graph: the sums of its trees, and what its objective makes of them, in float64 as LightGBM."""

from collections.abc import Callable, Sequence

import numpy as np
from onnx import ModelProto, TensorProto, helper

from export.graph import IR, OPSETS, Piece
from export.lightgbm_text import ModelText
from export.tree_graph import Scored, ensemble

Link = Callable[[Piece, ModelText], str]


def graph_of(model: ModelText, trees: Sequence[Scored]) -> ModelProto:
    """input float32 [N, F] -> answer float32: probabilities [N, C], or values [N, 1]."""
    piece = Piece()
    piece.nodes += ensemble(trees, model.scores, "input", "sums")
    rounds = float(len(model.trees) // model.scores) if model.averages else 1.0
    piece.add("Div", ["sums", piece.constant("rounds", np.array([rounds]))], "raw")
    piece.add("Cast", [LINKS[model.objective](piece, model)], "answer", to=TensorProto.FLOAT)
    graph = helper.make_graph(
        piece.nodes,
        "lightgbm",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", len(model.names)])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, None)],
        piece.constants,
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR)


def _two_classes(piece: Piece, model: ModelText) -> str:
    slope = piece.constant("slope", np.array([float(model.settings["sigmoid"])]))
    piece.add("Mul", ["raw", slope], "steep")
    piece.add("Sigmoid", ["steep"], "second")
    piece.add("Sub", [piece.constant("one", np.ones(1)), "second"], "first")
    return piece.add("Concat", ["first", "second"], "linked", axis=1)


def _many_classes(piece: Piece, model: ModelText) -> str:
    return piece.add("Softmax", ["raw"], "linked", axis=1)


def _share(piece: Piece, model: ModelText) -> str:
    return piece.add("Sigmoid", ["raw"], "linked")


def _exponential(piece: Piece, model: ModelText) -> str:
    return piece.add("Exp", ["raw"], "linked")


def _value(piece: Piece, model: ModelText) -> str:
    """The sum itself; or, trained on square roots (reg_sqrt), its square, sign kept."""
    if "sqrt" not in model.settings:
        return "raw"
    size = piece.add("Abs", ["raw"], "size")
    return piece.add("Mul", ["raw", size], "linked")


LINKS: dict[str, Link] = {
    "binary": _two_classes,
    "multiclass": _many_classes,
    **dict.fromkeys(("regression", "regression_l1", "huber", "fair", "quantile", "mape"), _value),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), _exponential),
    "cross_entropy": _share,
}
