from collections.abc import Sequence

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from export.tree_graph import Node, Scored, ensemble, in_two_parts, largest_sum
from serinus.schema import Rows
from serinus.session import session


def run(trees: Sequence[Scored], rows: Rows, *, scores: int = 1) -> NDArray[np.float64]:
    start = helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["N", rows.shape[1]])
    end = helper.make_tensor_value_info("sums", TensorProto.DOUBLE, ["N", scores])
    graph = helper.make_graph(ensemble(trees, scores, "rows", "sums"), "trees", [start], [end])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    (sums,) = session(model.SerializeToString()).run(None, {"rows": rows})
    return np.asarray(sums)


def leaf(weight: float) -> Node:
    return Node(weights=(weight,))


def stump(threshold: float, left: float, right: float, *, score: int = 0, missing_left: bool = False) -> Scored:
    return Scored((Node(0, threshold, 1, 2, missing_left=missing_left), leaf(left), leaf(right)), score)


def column(*numbers: float) -> Rows:
    return np.array(numbers, np.float32)[:, None]


def test_a_row_goes_left_below_the_threshold_and_a_missing_one_where_it_is_sent() -> None:
    trees = [stump(1.5, 1.0, 2.0), stump(1.5, 10.0, 20.0, missing_left=True)]
    np.testing.assert_array_equal(run(trees, column(1.0, 1.5, np.nan))[:, 0], [11.0, 22.0, 12.0])


def test_every_tree_adds_to_its_own_score() -> None:
    trees = [stump(0.0, 1.0, 2.0, score=1), stump(0.0, 3.0, 4.0, score=0), stump(0.0, 5.0, 6.0, score=1)]
    np.testing.assert_array_equal(run(trees, column(-1.0, 1.0), scores=2), [[3.0, 6.0], [4.0, 8.0]])
    np.testing.assert_array_equal(run(in_two_parts(trees), column(-1.0, 1.0), scores=2), [[3.0, 6.0], [4.0, 8.0]])
    assert largest_sum(trees) == 8.0


def test_left_turns_may_share_a_child() -> None:
    nodes = (Node(0, 1.0, 3, 1), Node(0, 2.0, 4, 2), Node(0, 3.0, 3, 5), leaf(1.0), leaf(2.0), leaf(3.0))
    np.testing.assert_array_equal(run([Scored(nodes, 0)], column(0, 1, 2, 3))[:, 0], [1.0, 2.0, 1.0, 3.0])


def test_a_tree_without_turns_adds_its_only_weight() -> None:
    trees = [stump(0.0, 1.0, 2.0), Scored((leaf(0.5),), 0)]
    np.testing.assert_array_equal(run(trees, column(-1.0, 1.0))[:, 0], [1.5, 2.5])


@pytest.mark.parametrize("offset", [0.0, 1.0, 3e4, -7e8])
def test_in_two_parts_a_sum_is_as_exact_as_float64(offset: float) -> None:
    generator = np.random.default_rng(0)
    weights = generator.normal(size=(300, 2))
    weights[0] += offset
    trees = [stump(0.0, left, right) for left, right in weights]
    found = run(in_two_parts(trees), column(-1.0, 1.0))[:, 0]
    np.testing.assert_allclose(found, weights.sum(axis=0), rtol=1e-12, atol=1e-9)
    if offset > 1.0:
        assert np.abs(run(trees, column(-1.0, 1.0))[:, 0] - weights.sum(axis=0)).max() > 1e-5


def test_weights_of_zero_have_parts_too() -> None:
    np.testing.assert_array_equal(run(in_two_parts([stump(0.0, 0.0, 0.0)]), column(1.0)), [[0.0]])
