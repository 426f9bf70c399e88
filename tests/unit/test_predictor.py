"""One bundle in ONNX Runtime."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from onnx import TensorProto, helper

from serinus.bundle import Bundle
from serinus.errors import BundleError
from serinus.predictor import Predictor
from serinus.schema import ClassificationSchema, InputSchema, RegressionSchema
from tests.bundles import softmax, write_bundle

FLOAT, DOUBLE = TensorProto.FLOAT, TensorProto.DOUBLE


@pytest.fixture
def bundle(tmp_path) -> Bundle:
    return write_bundle(tmp_path)


def regressor(kind: int = FLOAT, rows: str | int = "N") -> bytes:
    """value = the first of three features."""
    weights = helper.make_tensor("weights", kind, [3, 1], [1, 0, 0])
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["input", "weights"], ["value"])],
        "first",
        [helper.make_tensor_value_info("input", kind, [rows, 3])],
        [helper.make_tensor_value_info("value", kind, [rows, 1])],
        [weights],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def test_a_classifier_answers_ids_and_probabilities_in_the_order_of_its_labels(bundle):
    answers = Predictor(bundle).predict(np.array([[1, 0, 0], [0, 0, 1]], np.float32))
    assert answers.labels == ("CONFIRMED", "CANDIDATE", "FALSE_POSITIVE")
    assert answers.ids.tolist() == [0, 2]
    assert answers.probabilities.dtype == np.float32
    assert answers.probabilities.sum(axis=1) == pytest.approx([1, 1])


def test_a_regressor_answers_values(bundle):
    metadata = bundle.metadata.model_copy(update={"output_schema": RegressionSchema()})
    predictor = Predictor(replace(bundle, metadata=metadata, model=regressor()))
    assert predictor.predict(np.array([[1, 2, 3], [4, 5, 6]], np.float32)).values.tolist() == [1, 4]


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not onnx at all", id="text"),
        pytest.param(softmax(np.eye(3, dtype=np.float32))[:-20], id="truncated"),
    ],
)
def test_a_file_that_is_no_onnx_model_is_refused(bundle, model):
    with pytest.raises(BundleError, match="onnxruntime cannot load the model"):
        Predictor(replace(bundle, model=model))


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(softmax(np.ones((4, 3), np.float32)), id="other width"),
        pytest.param(softmax(np.ones((3, 2), np.float32)), id="other classes"),
        pytest.param(regressor(), id="other task"),
    ],
)
def test_a_model_that_its_metadata_does_not_describe_is_refused(bundle, model):
    with pytest.raises(BundleError, match=r"v1\.0\.0/model\.onnx: its metadata says .*'input'.* it has"):
        Predictor(replace(bundle, model=model))


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(regressor(kind=DOUBLE), id="float64"),
        pytest.param(regressor(rows=1), id="one row at a time"),
    ],
)
def test_a_model_that_cannot_take_batches_of_float32_is_refused(bundle, model):
    metadata = bundle.metadata.model_copy(update={"output_schema": RegressionSchema()})
    with pytest.raises(BundleError, match="its metadata says"):
        Predictor(replace(bundle, metadata=metadata, model=model))


@pytest.mark.parametrize(
    "update",
    [
        pytest.param({"input_schema": InputSchema.of(4)}, id="features"),
        pytest.param({"output_schema": ClassificationSchema(classes=2, labels=("a", "b"))}, id="labels"),
        pytest.param({"output_schema": RegressionSchema()}, id="task"),
    ],
)
def test_metadata_that_disagrees_with_the_graph_is_refused(bundle, update):
    with pytest.raises(BundleError, match="its metadata says"):
        Predictor(replace(bundle, metadata=bundle.metadata.model_copy(update=update)))


def test_a_warm_predictor_answers_as_before(bundle):
    predictor = Predictor(bundle)
    predictor.warm()
    assert predictor.predict(np.array([[0, 1, 0]], np.float32)).ids.tolist() == [1]


def test_no_rows_have_no_answers(bundle):
    assert len(Predictor(bundle).predict(np.empty((0, 3), np.float32)).ids) == 0


def test_threads_may_share_a_predictor(bundle):
    predictor = Predictor(bundle, threads=2)
    rows = np.random.default_rng(0).normal(size=(200, 1, 3)).astype(np.float32)
    alone = [predictor.predict(row).probabilities.tolist() for row in rows]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda row: predictor.predict(row).probabilities.tolist(), rows))
    assert together == alone


def test_a_row_gets_the_same_answer_alone_and_in_a_batch(bundle):
    predictor = Predictor(bundle)
    rows = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    alone = np.concatenate([predictor.predict(row[None]).probabilities for row in rows])
    assert predictor.predict(rows).probabilities.tolist() == alone.tolist()
