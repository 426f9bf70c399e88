from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import helper
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor, StackingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from export.errors import Refused
from export.from_onnx import load
from export.gate import ParityFailed
from export.original import Original
from serinus.schema import Rows
from tests.export.foreign import DOUBLE, FEATURES, INT, WORDS, put, saved, weighted, weights
from tests.export.originals import attribute, booster, graph_of, proof, sample_rows, three_classes, two_classes, values

WORDS_OF_CLASSES = np.array(["low", "middle", "high"])
PLAIN = {"": 17, "ai.onnx.ml": 3}


def converted(file: Path, fitted: Any, *, types: Any = None, **more: Any) -> Path:
    """What skl2onnx makes of `fitted`."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    settings = {"initial_types": types or [("x", FloatTensorType([None, FEATURES]))], "target_opset": PLAIN, **more}
    onnx.save(to_onnx(fitted, **settings), file)
    return file


def forest(**settings: Any) -> Any:
    return RandomForestClassifier(n_estimators=6, max_depth=5, random_state=0, **settings)


def passes(file: Path, labels: tuple[str, ...] | None = None, sample: Rows | None = None) -> Original:
    """`file`, loaded, once its bundle was proven."""
    original = load(file, labels)
    verdict = proof(original, graph_of(original), sample_rows() if sample is None else sample)
    assert verdict.comparison.worst <= 1e-6
    assert verdict.parity.rows >= 10_000
    return original


def asked(file: Path, rows: Rows) -> list[Any]:
    """What ONNX Runtime itself answers."""
    running = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    outputs: list[Any] = running.run(None, {running.get_inputs()[0].name: rows})
    return outputs


def test_dictionaries_of_words_become_columns_and_labels(tmp_path: Path) -> None:
    """As skl2onnx writes a classifier by default: a ZipMap behind the probabilities, and words for labels."""
    rows = sample_rows()
    fitted = forest().fit(rows, WORDS_OF_CLASSES[three_classes(rows)])
    original = passes(converted(tmp_path / "model.onnx", fitted))
    assert original.output.model_dump()["labels"] == ("high", "low", "middle")
    assert (original.framework, original.features, original.nan_policy) == ("onnx", FEATURES, "reject")
    assert original.training == {"onnx_producer": "skl2onnx 1.20.0"}
    told = [[of_row[name] for name in fitted.classes_] for of_row in asked(tmp_path / "model.onnx", rows)[1]]
    np.testing.assert_allclose(original.predict(rows), told, atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: LogisticRegression(),
        lambda: make_pipeline(StandardScaler(), forest()),
        lambda: make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=30, random_state=0)),
        lambda: CalibratedClassifierCV(forest(), cv=2),
        lambda: StackingClassifier([("tree", DecisionTreeClassifier(max_depth=3)), ("bayes", GaussianNB())], cv=2),
    ],
    ids=["linear", "scaled", "network", "calibrated", "stacked"],
)
@pytest.mark.filterwarnings("ignore:.*(converge|Maximum iterations)")
@pytest.mark.parametrize("zipped", [True, False], ids=["zipped", "plain"])
def test_class_names_are_found_wherever_the_converter_put_them(
    tmp_path: Path, make: Callable[[], Any], zipped: bool
) -> None:
    rows = sample_rows()
    fitted = make().fit(rows, WORDS_OF_CLASSES[three_classes(rows)])
    original = passes(converted(tmp_path / "model.onnx", fitted, options={"zipmap": zipped}))
    assert original.output.model_dump()["labels"] == ("high", "low", "middle")


def test_numbers_of_classes_can_be_named_and_names_cannot_be_contradicted(tmp_path: Path) -> None:
    rows = sample_rows()
    numbered = converted(tmp_path / "numbers.onnx", forest().fit(rows, three_classes(rows)))
    assert load(numbered, ("low", "middle", "high")).output.model_dump()["labels"] == ("low", "middle", "high")
    named = converted(tmp_path / "words.onnx", forest().fit(rows, WORDS_OF_CLASSES[three_classes(rows)]))
    with pytest.raises(Refused, match="the model was trained with high, low, middle"):
        load(named, ("low", "middle", "high"))


def test_numbers_of_classes_need_not_start_at_zero(tmp_path: Path) -> None:
    rows = sample_rows()
    file = converted(tmp_path / "model.onnx", forest().fit(rows, three_classes(rows) * 10 - 10))
    assert passes(file).output.model_dump()["labels"] == ("-10", "0", "10")


def test_a_regressor_of_trees_is_probed_at_its_thresholds(tmp_path: Path) -> None:
    rows = sample_rows()
    fitted = RandomForestRegressor(4, max_depth=4, random_state=0).fit(rows, values(rows))
    original = passes(converted(tmp_path / "model.onnx", fitted))
    assert (original.output.task, len(original.trees)) == ("regression", 4)
    ours = fitted.estimators_[0].tree_
    inner = ours.children_left >= 0
    assert set(original.trees[0].feature[original.trees[0].feature >= 0]) == set(ours.feature[inner])
    assert (np.sort(original.trees[0].threshold[original.trees[0].feature >= 0]) > np.sort(ours.threshold[inner])).all()


def test_a_graph_that_turns_elsewhere_is_found_by_the_gate(tmp_path: Path) -> None:
    rows = sample_rows()
    file = converted(tmp_path / "model.onnx", DecisionTreeRegressor(max_depth=4).fit(rows, values(rows)))
    wrong = onnx.load(file)
    modes = attribute(wrong, "nodes_modes")
    modes.strings[:] = [b"BRANCH_LT" if mode == b"BRANCH_LEQ" else mode for mode in modes.strings]
    original = load(file, None)
    with pytest.raises(ParityFailed, match="threshold"):
        proof(original, graph_of(original, wrong), rows)


def test_features_in_inputs_of_their_own_keep_their_names(tmp_path: Path) -> None:
    from skl2onnx.common.data_types import FloatTensorType

    rows = sample_rows()
    names = ["depth", "period", "snr", "teff", "radius"]
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(rows, columns=names)
    scale = ColumnTransformer([("scaled", StandardScaler(), ["teff", "period"])], remainder="passthrough")
    fitted = make_pipeline(scale, forest()).fit(table, three_classes(rows))
    types = [(name, FloatTensorType([None, 1])) for name in names]
    original = passes(converted(tmp_path / "model.onnx", fitted, types=types))
    assert original.names == tuple(names)
    assert {int(place) for tree in original.trees for place in np.unique(tree.feature)} == {-1, 0, 2, 4}
    np.testing.assert_allclose(original.predict(rows), fitted.predict_proba(table), atol=1e-6)


def test_missing_values_are_welcome_where_the_file_routes_them(tmp_path: Path) -> None:
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    rows = sample_rows(missing=0.2)
    trained = booster(tmp_path / "model.json", rows, two_classes(rows), {"objective": "binary:logistic"})
    given = [("float_input", FloatTensorType([None, FEATURES]))]
    onnx.save(convert_xgboost(trained, initial_types=given), tmp_path / "model.onnx")
    original = passes(tmp_path / "model.onnx", ("quiet", "active"), rows)
    assert original.nan_policy == "allow"
    assert original.output.model_dump()["labels"] == ("quiet", "active")
    xgboost = pytest.importorskip("xgboost")
    expected = trained.predict(xgboost.DMatrix(rows))
    np.testing.assert_allclose(original.predict(rows)[:, 1], expected, atol=1e-6)


@pytest.mark.parametrize("opset", [7, 9, 13, 17, 18, 21])
def test_other_opsets_are_brought_to_ours(tmp_path: Path, opset: int) -> None:
    file = saved(tmp_path / "model.onnx", weighted("Softmax"), weights(3), opset=opset)
    original = passes(file)
    assert original.output.task == "classification"
    assert onnx.load_from_string(graph_of(original)).opset_import[0].version == 17
    np.testing.assert_allclose(original.predict(sample_rows()), asked(file, sample_rows())[0])


def test_what_our_opset_cannot_say_is_refused_with_the_way_out(tmp_path: Path) -> None:
    nodes = [*weighted(None, "sums"), helper.make_node("Gelu", ["sums"], ["y"])]
    file = saved(tmp_path / "model.onnx", nodes, weights(1), opset=20)
    with pytest.raises(Refused, match=r"written in ai.onnx 20, .* does not fit .*Gelu.*target_opset="):
        load(file, None)


@pytest.mark.parametrize(
    ("after", "columns", "task"),
    [
        ("Softmax", 3, "classification"),
        ("Sigmoid", 1, "classification"),
        (None, 1, "regression"),
        ("Softplus", 1, "regression"),
    ],
)
def test_the_task_is_told_by_the_outputs(tmp_path: Path, after: str | None, columns: int, task: str) -> None:
    assert passes(saved(tmp_path / "model.onnx", weighted(after), weights(columns))).output.task == task


def halved(result: str) -> list[onnx.NodeProto]:
    """A probability that no Sigmoid made: tanh, from 0 to 1."""
    return [
        *weighted("Tanh", "squashed"),
        helper.make_node("Mul", ["squashed", "half"], ["small"]),
        helper.make_node("Add", ["small", "half"], [result]),
    ]


def test_whoever_names_the_classes_makes_a_single_number_a_probability(tmp_path: Path) -> None:
    file = saved(tmp_path / "model.onnx", halved("y"), {**weights(1), "half": np.float32([0.5])})
    assert passes(file).output.task == "regression"
    original = passes(file, ("no", "yes"))
    np.testing.assert_allclose(original.predict(sample_rows())[:, 1:], asked(file, sample_rows())[0])


def test_a_value_in_a_flat_output_becomes_a_column(tmp_path: Path) -> None:
    nodes = [*weighted(None, "column"), helper.make_node("Squeeze", ["column", "axis"], ["y"])]
    constants = {**weights(1), "axis": np.array([1])}
    assert passes(saved(tmp_path / "model.onnx", nodes, constants, outputs=[put("y", [None])])).features == FEATURES


def test_inputs_in_double_precision_are_fed_what_the_rows_say(tmp_path: Path) -> None:
    constants = {name: values.astype(np.float64) for name, values in weights(3).items()}
    put_in, out = put("x", [None, FEATURES], DOUBLE), put("y", [None, 3], DOUBLE)
    file = saved(tmp_path / "model.onnx", weighted("Softmax"), constants, inputs=[put_in], outputs=[out])
    rows = sample_rows()
    np.testing.assert_array_equal(passes(file).predict(rows), asked(file, rows.astype(np.float64))[0])


def test_rows_are_shaped_as_a_network_wants_them(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["waves"]),
        helper.make_node("Flatten", ["waves"], ["flat"]),
        helper.make_node("Softmax", ["flat"], ["y"]),
    ]
    kernel = np.random.default_rng(0).normal(size=(1, 1, 3)).astype(np.float32) / 100
    put_in = put("x", ["batch", 1, FEATURES])
    original = passes(saved(tmp_path / "model.onnx", nodes, {"kernel": kernel}, inputs=[put_in]))
    assert (original.features, original.output.model_dump()["classes"]) == (FEATURES, 3)


def test_a_model_for_one_row_at_a_time_is_asked_row_by_row_and_served_in_batches(tmp_path: Path) -> None:
    put_in = put("x", [1, FEATURES])
    file = saved(tmp_path / "model.onnx", weighted("Softmax"), weights(3), inputs=[put_in], outputs=[put("y", [1, 3])])
    rows = sample_rows()
    np.testing.assert_allclose(passes(file).predict(rows)[7:8], asked(file, rows[7:8])[0])


def test_a_model_whose_inside_knows_its_batch_is_refused(tmp_path: Path) -> None:
    nodes = [helper.make_node("Reshape", ["x", "one"], ["x1"]), *weighted("Softmax")]
    nodes[1].input[0] = "x1"
    constants = {**weights(3), "one": np.array([1, FEATURES])}
    file = saved(tmp_path / "model.onnx", nodes, constants, inputs=[put("x", [1, FEATURES])])
    with pytest.raises(Refused, match=r"does not run on 16 rows at once.*convert the original for any number"):
        load(file, None)


def test_branches_and_functions_of_the_file_come_along(tmp_path: Path) -> None:
    """A branch that reads a tensor of the graph around it, in an operator that the file defines by itself."""
    branch = [
        helper.make_graph([helper.make_node(name, ["sums"], ["chosen"])], name, [], [put("chosen", None)])
        for name in ("Sigmoid", "Softmax")
    ]
    nodes = [
        helper.make_node("Linear", ["x", "w", "b"], ["sums"], domain="mine"),
        helper.make_node("Shape", ["sums"], ["shape"]),
        helper.make_node("Gather", ["shape", "second"], ["columns"]),
        helper.make_node("Equal", ["columns", "second"], ["is_one"]),
        helper.make_node("If", ["is_one"], ["y"], then_branch=branch[0], else_branch=branch[1]),
    ]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1), helper.make_opsetid("com.microsoft", 1)]
    linear = helper.make_function(
        "mine", "Linear", ["a", "b", "c"], ["d"], [helper.make_node("Gemm", ["a", "b", "c"], ["d"])], opsets[:1]
    )
    constants = {**weights(3), "second": np.int64(1)}
    file = saved(tmp_path / "model.onnx", nodes, constants, opset_imports=opsets, functions=[linear])
    assert passes(file).output.model_dump()["classes"] == 3


def test_constants_that_old_files_list_as_inputs_are_no_inputs(tmp_path: Path) -> None:
    constants = weights(3)
    listed = [put("x", [None, FEATURES]), *(put(name, values.shape) for name, values in constants.items())]
    file = saved(tmp_path / "model.onnx", weighted("Softmax"), constants, inputs=listed)
    old = onnx.load(file)
    old.ir_version = 3
    onnx.save(old, file)
    assert passes(file).names is None


def test_trees_say_how_many_features_a_file_without_sizes_has(tmp_path: Path) -> None:
    rows = sample_rows()
    file = converted(tmp_path / "model.onnx", forest().fit(rows, three_classes(rows)), options={"zipmap": False})
    model = onnx.load(file)
    for part in (*model.graph.input, *model.graph.output):
        for dimension in part.type.tensor_type.shape.dim:
            dimension.Clear()
    onnx.save(model, file)
    assert passes(file).features == FEATURES


def with_label(threshold: float, *, words: bool = False) -> tuple[list[onnx.NodeProto], dict[str, Any]]:
    """A probability `y`, and a label beside it: whether it is above `threshold`."""
    nodes = [
        *weighted("Sigmoid"),
        helper.make_node("Greater", ["y", "threshold"], ["is_above"]),
        helper.make_node("Cast", ["is_above"], ["number"], to=INT),
        helper.make_node("ArrayFeatureExtractor", ["names", "number"], ["named"], domain="ai.onnx.ml"),
        helper.make_node("Reshape", ["named", "flat"], ["label"]),
    ]
    names = np.array(["no", "yes"], object) if words else np.array([0, 1])
    constants = {**weights(1), "threshold": np.float32(threshold), "names": names, "flat": np.array([-1])}
    return nodes, constants


@pytest.mark.parametrize("words", [False, True])
def test_one_probability_beside_a_label_becomes_two_columns(tmp_path: Path, words: bool) -> None:
    nodes, constants = with_label(0.5, words=words)
    outputs = [put("label", [None], WORDS if words else INT), put("y", [None, 1])]
    original = passes(saved(tmp_path / "model.onnx", nodes, constants, outputs=outputs))
    assert original.output.model_dump()["labels"] == (("no", "yes") if words else ("0", "1"))


def test_a_label_that_is_not_the_most_probable_class_is_refused(tmp_path: Path) -> None:
    """A bundle computes its label anew: it would silently answer another one."""
    nodes, constants = with_label(0.3)
    outputs = [put("label", [None], INT), put("y", [None, 1])]
    file = saved(tmp_path / "model.onnx", nodes, constants, outputs=outputs)
    with pytest.raises(Refused, match=r"its label 'label', .* is not its most probable class: 1 at"):
        load(file, None)


def test_a_label_that_differs_on_few_rows_is_still_found(tmp_path: Path) -> None:
    nodes, constants = with_label(0.4999)
    outputs = [put("label", [None], INT), put("y", [None, 1])]
    original = load(saved(tmp_path / "model.onnx", nodes, constants, outputs=outputs), None)
    sums = np.linspace(-0.01, 0.01, 4000)[:, None] - constants["b"]
    rows = (sums @ np.linalg.pinv(constants["w"])).astype(np.float32)
    with pytest.raises(Refused, match="is not its most probable class"):
        original.predict(rows)


def cluster(rows: Rows) -> Any:
    return KMeans(3, n_init=1, random_state=0).fit(rows)


def regression(rows: Rows) -> Any:
    return LogisticRegression().fit((rows - rows.mean(axis=0)) / rows.std(axis=0), three_classes(rows))


def several_values(rows: Rows) -> Any:
    return LinearRegression().fit(rows, np.stack([rows[:, 0], rows[:, 1]], axis=1))


@pytest.mark.parametrize(
    ("make", "options"),
    [(cluster, None), (regression, {"zipmap": False, "raw_scores": True}), (several_values, None)],
    ids=["distances", "scores", "targets"],
)
def test_numbers_that_are_no_probabilities_are_refused(tmp_path: Path, make: Any, options: Any) -> None:
    file = converted(tmp_path / "model.onnx", make(sample_rows()), options=options)
    with pytest.raises(Refused, match=r"answers no probabilities in .*add up to .*several targets need a file each"):
        load(file, None)


REFUSED_INPUTS = [
    ([put("x", [None, FEATURES], WORDS)], r"takes words at 'x', a tensor\(string\)"),
    ([put("x", [None, FEATURES], INT)], r"takes 'x', a tensor\(int64\) \[\?, 5\]; a bundle takes float32"),
    ([put("x", [32, FEATURES])], r"takes 'x', a tensor\(float\) \[32, 5\]: a bundle takes any number of rows"),
    ([put("x", [None, None])], "does not say how many features that is"),
    ([put("x", [None, 3]), put("more", [None, 2])], r"has 2 inputs: each must be \[N, 1\] then, but one is 'x'"),
]


@pytest.mark.parametrize(("inputs", "message"), REFUSED_INPUTS, ids=["words", "integers", "batch", "sizes", "parts"])
def test_inputs_that_are_no_rows_are_refused_by_name(tmp_path: Path, inputs: Any, message: str) -> None:
    names = [given.name for given in inputs]
    nodes = [
        *(helper.make_node("Cast", [name], [f"{name}_float"], to=1) for name in names),
        helper.make_node("Concat", [f"{name}_float" for name in names], ["all"], axis=1),
        helper.make_node("ReduceMax", ["all"], ["y"], axes=[1]),
    ]
    with pytest.raises(Refused, match=message):
        load(saved(tmp_path / "model.onnx", nodes, inputs=inputs), None)


def test_several_answers_are_refused_by_name(tmp_path: Path) -> None:
    nodes = [*weighted("Softmax"), helper.make_node("Exp", ["sums"], ["more"])]
    file = saved(tmp_path / "model.onnx", nodes, weights(3), outputs=[put("y", [None, 3]), put("more", [None, 3])])
    with pytest.raises(Refused, match=r"answers 'y', a tensor\(float\) \[\?, 3\]; 'more'"):
        load(file, None)


def test_a_label_alone_is_refused(tmp_path: Path) -> None:
    nodes, constants = with_label(0.5)
    file = saved(tmp_path / "model.onnx", nodes, constants, outputs=[put("label", [None], INT)])
    with pytest.raises(Refused, match=r"only answers 'label'.*convert the original so that it answers probabilities"):
        load(file, None)


def test_answers_of_more_dimensions_are_refused(tmp_path: Path) -> None:
    nodes = [*weighted("Softmax", "flat"), helper.make_node("Unsqueeze", ["flat", "axis"], ["y"])]
    constants = {**weights(3), "axis": np.array([1])}
    file = saved(tmp_path / "model.onnx", nodes, constants, outputs=[put("y", [None, 1, 3])])
    with pytest.raises(Refused, match=r"answers 'y', a tensor\(float\) \[\?, 1, 3\]; a bundle answers"):
        load(file, None)


def test_operators_of_one_runtime_are_refused_by_name(tmp_path: Path) -> None:
    nodes = [*weighted(None, "sums"), helper.make_node("Gelu", ["sums"], ["y"], domain="com.microsoft")]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    file = saved(tmp_path / "model.onnx", nodes, weights(1), opset_imports=opsets)
    with pytest.raises(Refused, match=r"needs com.microsoft.Gelu: no operators of ONNX itself"):
        load(file, None)


def test_what_only_a_newer_ensemble_of_trees_can_say_is_refused_with_the_way_out(tmp_path: Path) -> None:
    tree = {
        "nodes_splits": np.float32([0.5]),
        "nodes_modes": np.array([0], np.uint8),
        "leaf_weights": np.float32([1, 2]),
    }
    tensors = {name: onnx.numpy_helper.from_array(values, name) for name, values in tree.items()}
    places = {"nodes_featureids": [0], "nodes_truenodeids": [0], "nodes_falsenodeids": [1], "tree_roots": [0]}
    leaves = {"nodes_trueleafs": [1], "nodes_falseleafs": [1], "leaf_targetids": [0, 0], "n_targets": 1}
    node = helper.make_node("TreeEnsemble", ["x"], ["y"], domain="ai.onnx.ml", **tensors, **places, **leaves)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 5)]
    file = saved(tmp_path / "model.onnx", [node], opset_imports=opsets)
    with pytest.raises(Refused, match=r"ai.onnx.ml 5, and does not fit .*TreeEnsemble.*target_opset="):
        load(file, None)


def test_what_the_answer_does_not_need_is_no_reason_to_refuse(tmp_path: Path) -> None:
    nodes = [*weighted("Softmax"), helper.make_node("Gelu", ["sums"], ["unused"], domain="com.microsoft")]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    passes(saved(tmp_path / "model.onnx", nodes, weights(3), opset_imports=opsets))


def test_trees_that_read_more_features_than_the_input_has_are_refused(tmp_path: Path) -> None:
    """ONNX Runtime would answer some rows, and fail on others."""
    file = saved(tmp_path / "model.onnx", codes(np.float32([3])), outputs=[put("y", [None, 1])])
    model = onnx.load(file)
    attribute(model, "nodes_featureids").ints[:] = [7, 7, 7]
    onnx.save(model, file)
    with pytest.raises(Refused, match=r"takes 'x', a tensor\(float\) \[\?, 5\], but its trees read 8 features"):
        load(file, None)


def test_weights_in_another_file_are_refused(tmp_path: Path) -> None:
    file = saved(tmp_path / "model.onnx", weighted("Softmax"), weights(3))
    onnx.save(onnx.load(file), file, save_as_external_data=True, location="weights.bin", size_threshold=0)
    with pytest.raises(Refused, match=r"keeps its weights in another file.*onnx.load\('model.onnx'\)"):
        load(file, None)


def test_a_model_that_fails_on_some_rows_is_refused(tmp_path: Path) -> None:
    """Here a row chooses one of three weights, and a large one chooses none."""
    nodes = [
        helper.make_node("Slice", ["x", "start", "end", "start"], ["first"]),
        helper.make_node("Cast", ["first"], ["number"], to=INT),
        helper.make_node("Gather", ["w", "number"], ["y"]),
    ]
    nodes[0].input[3] = "axis"
    constants = {"w": np.float32([1, 2, 3]), "start": [0], "end": [1], "axis": [1]}
    original = load(saved(tmp_path / "model.onnx", nodes, constants, outputs=[put("y", [None, 1])]), None)
    with pytest.raises(Refused, match=r"does not run on \(1, 5\) rows: .*out of (data )?bounds"):
        original.predict(np.full((1, FEATURES), 3e9, np.float32))


def test_thresholds_in_double_precision_are_met_from_both_sides(tmp_path: Path) -> None:
    thresholds = [0.1, 3.0, float(np.float32(0.7))]
    node = codes(np.float32(thresholds))[0]
    tensors = {"nodes_values": [*thresholds, 0, 0, 0, 0], "target_weights": [1.0, 2.0, 3.0, 4.0]}
    kept = [known for known in node.attribute if known.name not in tensors]
    del node.attribute[:]
    for name, held in tensors.items():
        tensor = onnx.numpy_helper.from_array(np.float64(held), name)
        kept.append(helper.make_attribute(f"{name}_as_tensor", tensor))
    next(known for known in kept if known.name == "nodes_modes").strings[:] = [b"BRANCH_GT"] * 3 + [b"LEAF"] * 4
    node.attribute.extend(kept)
    put_in, out = put("x", [None, FEATURES], DOUBLE), put("y", [None, 1])
    original = passes(saved(tmp_path / "model.onnx", [node], inputs=[put_in], outputs=[out]))
    turns = original.trees[0].threshold[:3]
    below = np.nextafter(turns, np.float32(-np.inf))
    assert (turns.astype(np.float64) > thresholds).all()
    assert (below.astype(np.float64) <= thresholds).all()


def test_a_model_that_mixes_the_rows_of_a_batch_is_refused(tmp_path: Path) -> None:
    """Here every row is compared with the mean of its batch: no gate that asks both sides in batches would see it."""
    nodes = [
        *weighted(None, "sums"),
        helper.make_node("ReduceMean", ["sums"], ["mean"], axes=[0]),
        helper.make_node("Sub", ["sums", "mean"], ["y"]),
    ]
    with pytest.raises(Refused, match=r"answers a row differently among others: \[0.\] alone"):
        load(saved(tmp_path / "model.onnx", nodes, weights(1)), None)


def test_sparse_weights_are_refused(tmp_path: Path) -> None:
    file = saved(tmp_path / "model.onnx", weighted("Softmax"), weights(3))
    model = onnx.load(file)
    values = onnx.numpy_helper.from_array(np.float32([1]), "sparse")
    places = onnx.numpy_helper.from_array(np.int64([0]), "places")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [3]))
    onnx.save(model, file)
    with pytest.raises(Refused, match="has sparse weights"):
        load(file, None)


def test_a_model_that_runs_nowhere_is_refused(tmp_path: Path) -> None:
    file = saved(tmp_path / "model.onnx", [helper.make_node("Gemm", ["x", "nothing", "b"], ["y"])], weights(1))
    with pytest.raises(Refused, match=r"onnxruntime .* cannot run .*model.onnx"):
        load(file, None)


@pytest.mark.parametrize("contents", [b"nonsense", b""], ids=["nonsense", "empty"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(contents)
    with pytest.raises(Refused, match="is not an ONNX model"):
        load(tmp_path / "model.onnx", None)


def codes(kinds: NDArray[np.float32]) -> list[onnx.NodeProto]:
    """A tree that asks whether feature 1 is one of `kinds`, as LightGBM's converter writes categories."""
    count = len(kinds)
    ids = list(range(2 * count + 1))
    inner = ids[:count]
    return [
        helper.make_node(
            "TreeEnsembleRegressor",
            ["x"],
            ["y"],
            domain="ai.onnx.ml",
            nodes_treeids=[0] * len(ids),
            nodes_nodeids=ids,
            nodes_featureids=[1] * len(ids),
            nodes_values=[*map(float, kinds), *[0.0] * (count + 1)],
            nodes_modes=["BRANCH_EQ"] * count + ["LEAF"] * (count + 1),
            nodes_truenodeids=[count + place for place in inner] + [0] * (count + 1),
            nodes_falsenodeids=[*inner[1:], 2 * count] + [0] * (count + 1),
            target_ids=[0] * (count + 1),
            target_treeids=[0] * (count + 1),
            target_nodeids=ids[count:],
            target_weights=[float(place) for place in range(count + 1)],
            n_targets=1,
        )
    ]


def test_values_that_trees_compare_for_being_equal_are_codes(tmp_path: Path) -> None:
    file = saved(tmp_path / "model.onnx", codes(np.float32([3, 5, 8])), outputs=[put("y", [None, 1])])
    original = passes(file)
    assert {place: known.tolist() for place, known in original.codes.items()} == {1: [3.0, 5.0, 8.0]}
    rows = np.zeros((4, FEATURES), np.float32)
    rows[:, 1] = [3, 5, 8, 4]
    assert original.predict(rows).ravel().tolist() == [0.0, 1.0, 2.0, 3.0]
