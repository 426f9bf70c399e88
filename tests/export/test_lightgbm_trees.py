import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from export.boundaries import above, below, rounded_up
from export.lightgbm_text import Grown, parsed
from export.lightgbm_trees import first_right, nodes_of, run_bounds

LARGEST = float(np.finfo(np.float32).max)
ZERO = float(np.float32(1e-35))
numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
thresholds = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([ZERO, -ZERO, 1e-36, -1e-36, 0.0, -0.0])


def goes_left(x: float, threshold: float) -> bool:
    """As LightGBM says it: a number of at most its zero is 0, and is compared in float64."""
    return (0.0 if abs(x) <= ZERO else x) <= threshold


@given(thresholds, numbers | st.sampled_from([ZERO, -ZERO, 0.0, -0.0, 1e-40, -1e-40]))
@example(0.1, float(np.float32(0.1)))  # rounded up, and so above the threshold
@example(1e300, LARGEST)
@example(-1e300, -LARGEST)
def test_a_number_goes_left_where_lightgbm_sends_it(threshold: float, x: float) -> None:
    (first,) = first_right(np.array([threshold]))
    for number in around(np.array([x, first])):
        assert (number < first) == goes_left(float(number), threshold)


@given(thresholds, numbers | st.sampled_from([ZERO, -ZERO, 0.0, -0.0, 1e-40, -1e-40]))
def test_in_a_sparse_matrix_only_zero_is_zero(threshold: float, x: float) -> None:
    (first,) = first_right(np.array([threshold]), zero=0.0)
    for number in around(np.array([x, first])):
        assert (number < first) == (number <= threshold)


@given(st.sets(st.integers(0, 40) | st.integers(0, 2**31 - 2), min_size=1, max_size=12), st.lists(numbers, max_size=8))
@example({2**24 + 1}, [])  # which float32 does not have
@example({0}, [-0.5, -1.0, 0.99])
def test_a_number_is_between_bounds_where_its_whole_part_is_a_code(codes: set[int], more: list[float]) -> None:
    bounds = run_bounds(np.array(sorted(codes)))
    for x in around(np.array([*bounds, *more, *codes])):
        inside = np.searchsorted(bounds, x, side="right") % 2 == 1
        assert inside == (int(x) in codes)


def around(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """`places`, and the next numbers of both precisions on both sides."""
    near = rounded_up(places)
    narrow = np.concatenate([near, below(near), above(near)]).astype(np.float64)
    with np.errstate(over="ignore"):
        found = np.concatenate([places, np.nextafter(places, -np.inf), np.nextafter(places, np.inf), narrow])
    return found[np.isfinite(found)]


def test_runs_of_codes_need_two_bounds_each() -> None:
    np.testing.assert_array_equal(run_bounds(np.array([1, 2, 3, 7, 9])), [1, 4, 7, 8, 9, 10])


def grown(**changes: object) -> Grown:
    """A root on a category, with a number below it to the right."""
    tree = {
        "feature": np.array([1, 0], np.int32),
        "threshold": np.array([0.0, 2.5]),
        "decision": np.array([1, 10], np.int32),
        "left": np.array([-1, -2], np.int32),
        "right": np.array([1, -3], np.int32),
        "leaf": np.array([10.0, 20.0, 30.0]),
        "sets": (np.array([3, 4, 8]),),
        "is_linear": False,
    }
    return Grown(**{**tree, **changes})


def answer(tree: Grown, number: float, code: float) -> float:
    nodes = nodes_of(tree)
    node = nodes[0]
    while not node.is_leaf:
        x = (number, code)[node.feature]
        goes_left = node.missing_left if np.isnan(x) else x < node.threshold
        node = nodes[node.left if goes_left else node.right]
    (weight,) = node.weights
    return weight


@pytest.mark.parametrize(
    ("number", "code", "expected"),
    [
        *((0.0, code, 10.0) for code in (3, 3.9, 4, 8, 8.5)),
        *((0.0, code, 20.0) for code in (-1, 0, 2.99, 5, 7.99, 9, 1e10, np.nan)),
        *((9.0, code, 30.0) for code in (-1, 0, 5, 9, np.nan)),
        (np.nan, 5, 20.0),
    ],
)
def test_a_category_is_searched_for_run_by_run(number: float, code: float, expected: float) -> None:
    assert answer(grown(), number, code) == expected


@pytest.mark.parametrize(
    ("decision", "threshold", "expected"),
    [(10, -1.0, 20.0), (8, 1.0, 30.0), (0, 1.0, 20.0), (2, 0.0, 20.0), (2, -1.0, 30.0)],
    ids=["left", "right", "as-zero-left", "as-zero-on-the-edge", "as-zero-right"],
)
def test_a_missing_number_goes_where_the_node_says_or_where_zero_goes(decision, threshold, expected) -> None:
    tree = grown(decision=np.array([1, decision], np.int32), threshold=np.array([0.0, threshold]))
    assert answer(tree, np.nan, 5) == expected


def test_only_left_turns_share_a_child() -> None:
    """ONNX Runtime refuses a graph in which two right turns do."""
    right = [node.right for node in nodes_of(grown()) if not node.is_leaf]
    assert len(set(right)) == len(right)


TEXT = """tree
version=v3
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=binary sigmoid:1.5
average_output
feature_names=a=b c
feature_infos=[0:1] -1:65:3:0
tree_sizes=1

Tree=0
num_leaves=2
num_cat=1
split_feature=1
threshold=0
decision_type=1
left_child=-1
right_child=-2
leaf_value=1.5 -2.5
leaf_count=3 1
cat_boundaries=0 3
cat_threshold=8 0 2
is_linear=0
shrinkage=1


end of trees

feature_importances:
c=1

parameters:
[categorical_feature: 0,1]
end of parameters
"""


def test_the_text_of_a_model_is_read() -> None:
    model = parsed(TEXT)
    assert (model.objective, dict(model.settings)) == ("binary", {"sigmoid": "1.5"})
    assert (model.scores, model.averages) == (1, True)
    assert (model.names, model.declared) == (("a=b", "c"), {0, 1})
    assert (model.codes(0).tolist(), model.codes(1).tolist()) == ([], [0, 3, 65])
    (tree,) = model.trees
    assert [codes.tolist() for codes in tree.sets] == [[3, 65]]
    assert len(model.trees) == 1


@pytest.mark.parametrize("line", ["", "[categorical_feature: name:c]\n"])
def test_a_model_need_not_say_which_categories_it_was_told_of(line: str) -> None:
    assert parsed(TEXT.replace("[categorical_feature: 0,1]\n", line)).declared == frozenset()
