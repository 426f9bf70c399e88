"""A LightGBM model as a graph: the sums of its trees, and what its objective makes of them, in float64 as LightGBM."""

from collections.abc import Callable, Sequence

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from export.lightgbm_text import ModelText
from export.tree_graph import Scored, ensemble, in_two_parts, largest_sum

OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
FINE = 4.0  # up to here float32 rounds by less than 2.5e-7
Link = Callable[[ModelText], list[NodeProto]]


def graph_of(model: ModelText, trees: Sequence[Scored]) -> ModelProto:
    """input float32 [N, F] -> answer float32: probabilities [N, C], or values [N, 1]."""
    link = LINKS[model.objective]
    rounds = len(model.trees) // model.scores if model.averages else 1
    nodes = [
        *ensemble(_exact_enough(trees, link), model.scores, "input", "sums"),
        _constant("rounds", rounds),
        helper.make_node("Div", ["sums", "rounds"], ["raw"]),
        *link(model),
        helper.make_node("Cast", ["linked"], ["answer"], to=TensorProto.FLOAT),
    ]
    start = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", len(model.names)])
    end = helper.make_tensor_value_info("answer", TensorProto.FLOAT, None)
    return helper.make_model(helper.make_graph(nodes, "lightgbm", [start], [end]), opset_imports=OPSETS)


def _exact_enough(trees: Sequence[Scored], link: Link) -> Sequence[Scored]:
    """Behind an exponential, an absolute error of a sum becomes a relative one of the answer."""
    is_steep = link in (_exponential, _many_classes)
    return in_two_parts(trees) if is_steep and largest_sum(trees) > FINE else trees


def _two_classes(model: ModelText) -> list[NodeProto]:
    return [
        _constant("slope", float(model.settings["sigmoid"])),
        helper.make_node("Mul", ["raw", "slope"], ["steep"]),
        helper.make_node("Sigmoid", ["steep"], ["second"]),
        _constant("one", 1),
        helper.make_node("Sub", ["one", "second"], ["first"]),
        helper.make_node("Concat", ["first", "second"], ["linked"], axis=1),
    ]


def _many_classes(model: ModelText) -> list[NodeProto]:
    return [helper.make_node("Softmax", ["raw"], ["linked"], axis=1)]


def _value(model: ModelText) -> list[NodeProto]:
    """The sum itself; or, trained on square roots (reg_sqrt), its square, sign kept."""
    if "sqrt" not in model.settings:
        return [helper.make_node("Identity", ["raw"], ["linked"])]
    return [helper.make_node("Abs", ["raw"], ["size"]), helper.make_node("Mul", ["raw", "size"], ["linked"])]


def _exponential(model: ModelText) -> list[NodeProto]:
    return [helper.make_node("Exp", ["raw"], ["linked"])]


def _share(model: ModelText) -> list[NodeProto]:
    return [helper.make_node("Sigmoid", ["raw"], ["linked"])]


def _constant(name: str, number: float) -> NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.array([number], np.float64)))


LINKS: dict[str, Link] = {
    "binary": _two_classes,
    "multiclass": _many_classes,
    **dict.fromkeys(("regression", "regression_l1", "huber", "fair", "quantile", "mape"), _value),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), _exponential),
    "cross_entropy": _share,
}
