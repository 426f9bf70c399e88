from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from export.errors import Refused
from export.from_sklearn import load
from export.original import Original
from serinus.session import session
from tests.export.originals import FEATURES, graph_of, pickled, sample_rows, three_classes, values

NAMES = np.array(["CONFIRMED", "CANDIDATE", "FALSE_POSITIVE"])


@pytest.fixture
def forest(tmp_path: Path) -> Original:
    rows = sample_rows()
    fitted = RandomForestClassifier(3, random_state=0).fit(rows, NAMES[three_classes(rows)])
    return load(pickled(tmp_path / "forest.pkl", fitted), None)


def shapes(model: bytes) -> dict[str, list[int | str]]:
    graph = onnx.load_from_string(model).graph
    return {
        put.name: [dim.dim_param or dim.dim_value for dim in put.type.tensor_type.shape.dim]
        for put in (*graph.input, *graph.output)
    }


def test_a_classifier_answers_labels_as_numbers_and_probabilities(forest: Original) -> None:
    model = graph_of(forest)
    assert shapes(model) == {"input": ["N", FEATURES], "label": ["N"], "probabilities": ["N", 3]}
    label, probabilities = session(model).run(["label", "probabilities"], {"input": sample_rows(count=7)})
    assert (label.dtype, probabilities.dtype) == (np.int64, np.float32)
    assert np.array_equal(label, probabilities.argmax(axis=1))


def test_a_regressor_answers_one_column_of_values(tmp_path: Path) -> None:
    rows = sample_rows()
    fitted = GradientBoostingRegressor(n_estimators=3).fit(rows, values(rows))
    model = graph_of(load(pickled(tmp_path / "model.pkl", fitted), None))
    assert shapes(model) == {"input": ["N", FEATURES], "value": ["N", 1]}


def test_what_only_the_converters_label_needs_is_gone(forest: Original) -> None:
    converted = forest.graph()
    answer = converted.graph.output[0]
    converted.graph.node.append(helper.make_node("ArgMax", [answer.name], ["label"], axis=1))
    label = helper.make_tensor_value_info("label", onnx.TensorProto.INT64, ["N", 1])
    del converted.graph.output[:]
    converted.graph.output.extend([label, answer])
    assert graph_of(forest, converted) == graph_of(forest)
    assert [node.op_type for node in onnx.load_from_string(graph_of(forest)).graph.node] == [
        *("Cast", "Cast", "TreeEnsembleRegressor", "Cast", "Cast", "Identity", "Identity", "ArgMax"),
    ]


def test_an_opset_imported_twice_is_imported_once(forest: Original) -> None:
    twice = forest.graph()
    twice.opset_import.append(helper.make_opsetid("", 17))
    assert [opset.domain for opset in onnx.load_from_string(graph_of(forest, twice)).opset_import] == ["", "ai.onnx.ml"]


def test_an_older_opset_is_raised_to_ours(forest: Original) -> None:
    older = forest.graph()
    del older.opset_import[:]
    older.opset_import.extend([helper.make_opsetid("", 12), helper.make_opsetid("ai.onnx.ml", 1)])
    assert graph_of(forest, older) == graph_of(forest)


def test_operators_of_other_domains_are_refused(forest: Original) -> None:
    foreign = forest.graph()
    foreign.opset_import.append(helper.make_opsetid("com.example", 1))
    with pytest.raises(Refused, match=r"operators of com\.example"):
        graph_of(forest, foreign)


@pytest.mark.parametrize(
    ("fitted_on", "operators"),
    [
        (np.float32, ["IsNaN", "Where", "Mul", "Add", "Max", "Min", "Cast"]),
        (np.float64, ["Cast", "IsNaN", "Where", "Mul", "Add", "Max", "Min", "Cast", "Cast"]),
    ],
)
def test_the_steps_of_a_pipeline_are_in_the_graph_in_the_precision_it_was_fitted_in(
    tmp_path: Path, fitted_on: type, operators: list[str]
) -> None:
    rows = sample_rows().astype(fitted_on)
    fitted = make_pipeline(SimpleImputer(), MinMaxScaler(clip=True), RandomForestClassifier(2)).fit(
        rows, three_classes(rows)
    )
    model = onnx.load_from_string(graph_of(load(pickled(tmp_path / "model.pkl", fitted), None)))
    found = [node.op_type for node in model.graph.node]
    assert found[1 : found.index("TreeEnsembleRegressor")] == operators
