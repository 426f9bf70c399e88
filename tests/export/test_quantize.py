"""Smaller graphs: what they keep, what they cost, and when they are not made."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import RandomForestClassifier

from export.accuracy import Proven, Smaller, shrunk
from export.errors import ExportError, Refused
from export.exporter import Request, export
from export.from_sklearn import load
from export.graph import finish
from export.original import Original, classes, value
from export.quantize import quantized
from export.samples import Sample
from serinus import golden
from serinus.golden import Natives, compare
from serinus.metadata import Method
from serinus.prediction import Classes, Values
from serinus.predictor import Predictor
from serinus.schema import Rows
from serinus.session import session
from tests.export.originals import graph_of, pickled, proof, sample_rows, three_classes
from tests.export.test_exporter import NOW

METHODS: list[Method] = ["dynamic-int8", "float16"]
WIDTH, HIDDEN = 32, 48
Weights = NDArray[np.float32]


def layer(rows: int, columns: int, *, seed: int) -> Weights:
    return np.random.default_rng(seed).normal(0, rows**-0.5, (rows, columns)).astype(np.float32)


def network(nodes: list[Any], weights: dict[str, Weights], original: Original) -> Original:
    """`original` with a graph of `nodes` from x to y."""
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", original.features])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", None])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def predict(rows: Rows) -> Natives:
        outputs = session(finish(answering, {})).run(None, {"input": rows})
        return np.asarray(outputs[-1], np.float64)

    answering = replace(original, graph=lambda: model)
    return replace(answering, predict=predict)


def described(output: Any, features: int = WIDTH) -> Original:
    return Original(
        framework="onnx",
        predict=lambda rows: rows,
        graph=onnx.ModelProto,
        output=output,
        features=features,
        nan_policy="reject",
        dependencies={},
        framework_version="1",
    )


def classifier() -> Original:
    weights = {"a": layer(WIDTH, HIDDEN, seed=0), "b": layer(HIDDEN, WIDTH, seed=1), "c": layer(WIDTH, 3, seed=2)}
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["1"]),
        helper.make_node("Relu", ["1"], ["2"]),
        helper.make_node("MatMul", ["2", "b"], ["3"]),
        helper.make_node("MatMul", ["3", "c"], ["4"]),
        helper.make_node("Softmax", ["4"], ["y"], axis=1),
    ]
    return network(nodes, weights, described(classes(3, None)))


def regressor(*, weights: Weights | None = None, end: str = "Identity") -> Original:
    nodes = [helper.make_node("MatMul", ["x", "a"], ["1"]), helper.make_node(end, ["1"], ["y"])]
    given = layer(1_024, 1, seed=0) if weights is None else weights
    return network(nodes, {"a": given}, described(value(None), features=1_024))


def rows_of(original: Original, count: int = 500) -> Rows:
    return np.random.default_rng(7).normal(size=(count, original.features)).astype(np.float32)


def probabilities(model: bytes, rows: Rows) -> NDArray[np.float32]:
    return np.asarray(session(model).run(["probabilities"], {"input": rows})[0])


def proven(original: Original) -> Proven:
    graph = graph_of(original)
    return Proven(original, graph, proof(original, graph, rows_of(original)))


def tried(before: Proven, method: Method = "dynamic-int8", *, max_flips: int = 0, count: int = 3_000) -> Proven:
    sample = Sample(rows_of(before.original, count))
    return shrunk(before, sample, Smaller(method, max_flips), lambda _: None)


@pytest.mark.parametrize(("method", "share"), [("dynamic-int8", 0.4), ("float16", 0.6)])
def test_a_smaller_graph_keeps_the_contract_and_nearly_the_answers(method: Method, share: float) -> None:
    original = classifier()
    before = graph_of(original)
    after = quantized(before, method)
    assert len(after) < share * len(before)
    puts = [
        [(put.name, put.type) for put in (*model.graph.input, *model.graph.output)]
        for model in map(read, (before, after))
    ]
    assert puts[0] == puts[1]
    assert read(after).ir_version == 8
    assert [(opset.domain, opset.version) for opset in read(after).opset_import] == [("", 17), ("ai.onnx.ml", 3)]
    assert {node.domain for node in read(after).graph.node} == {""}
    np.testing.assert_allclose(
        probabilities(after, rows_of(original)), probabilities(before, rows_of(original)), atol=0.02
    )


def read(model: bytes) -> onnx.ModelProto:
    return onnx.load_from_string(model)


@pytest.mark.parametrize("method", METHODS)
def test_the_answer_to_a_row_does_not_depend_on_the_others(method: Method) -> None:
    """It does where activations are quantised by the range of the batch, as onnxruntime's own tool does it."""
    original = classifier()
    model, rows = quantized(graph_of(original), method), rows_of(original, 20)
    alone = np.concatenate([probabilities(model, rows[[place]]) for place in range(len(rows))])
    loud = np.concatenate([rows, rows[:1] * 1e6])
    np.testing.assert_allclose(probabilities(model, loud)[:20], alone, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_graph_makes_the_same_bytes(method: Method) -> None:
    graph = graph_of(classifier())
    assert quantized(graph, method) == quantized(graph, method)


@pytest.mark.parametrize(
    ("operator", "shape", "attributes"),
    [
        ("Gemm", (64, WIDTH), {"transB": 1}),
        ("Gemm", (WIDTH, 64), {}),
        ("MatMul", (WIDTH, 64), {}),
    ],
    ids=["Gemm, transposed", "Gemm", "MatMul"],
)
def test_int8_has_a_scale_for_every_output(operator: str, shape: tuple[int, int], attributes: dict[str, int]) -> None:
    """One output a million times the others must not cost them their bits."""
    weights = layer(*shape, seed=3)
    large = (0, slice(None)) if attributes else (slice(None), 0)
    weights[large] *= np.float32(1e6)
    node = helper.make_node(operator, ["x", "a"], ["y"], **attributes)
    original = network([node], {"a": weights}, described(classes(64, None)))
    stored = read(quantized(graph_of(original), "dynamic-int8")).graph.initializer
    steps, scale = (numpy_helper.to_array(tensor) for tensor in stored[-2:])
    assert (steps.dtype, scale.size) == (np.int8, 64)
    summed = 1 if attributes else 0
    np.testing.assert_array_equal(abs(steps.astype(int)).max(axis=summed), 127)
    error = abs(steps * scale - weights) / abs(weights).max(axis=summed, keepdims=True)
    assert error.max() <= 0.5 / 127 * 1.001


def test_convolutions_and_recurrent_layers_become_smaller_too() -> None:
    weights = {"a": layer(64 * 8, 9, seed=0).reshape(64, 8, 9), "w": layer(128, 64, seed=1)[None]}
    weights["r"] = layer(128, 32, seed=2)[None]
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["1"]),
        helper.make_node("Conv", ["1", "a"], ["2"], pads=[4, 4]),
        helper.make_node("Transpose", ["2"], ["3"], perm=[2, 0, 1]),
        helper.make_node("LSTM", ["3", "w", "r"], ["", "4"], hidden_size=32),
        helper.make_node("Reshape", ["4", "flat"], ["5"]),
        helper.make_node("Softmax", ["5"], ["y"], axis=1),
    ]
    shapes: Any = {"shape": np.array([-1, 8, 16]), "flat": np.array([-1, 32])}
    original = network(nodes, {**weights, **shapes}, described(classes(32, None), features=128))
    before = graph_of(original)
    after = quantized(before, "dynamic-int8")
    kinds = [tensor.data_type for tensor in read(after).graph.initializer]
    assert kinds.count(TensorProto.INT8) == 3
    assert len(after) < 0.35 * len(before)
    np.testing.assert_allclose(
        probabilities(after, rows_of(original)), probabilities(before, rows_of(original)), atol=1e-3
    )


def test_float16_refuses_weights_it_cannot_hold() -> None:
    with pytest.raises(Refused, match="float16 holds numbers up to 65,504, the model has weights up to 1"):
        quantized(graph_of(regressor(weights=layer(1_024, 1, seed=0) * 1e8)), "float16")


def test_a_pruned_weight_stays_zero() -> None:
    weights = layer(1_024, 1, seed=0)
    weights[::2] = 0
    model = quantized(graph_of(regressor(weights=weights)), "dynamic-int8")
    only_pruned = np.where(np.arange(1_024) % 2 == 0, rows_of(regressor(), 5), np.float32(0))
    assert not session(model).run(["value"], {"input": only_pruned})[0].any()


@pytest.mark.parametrize("method", METHODS)
def test_trees_become_no_smaller_and_are_refused(tmp_path: Path, method: Method) -> None:
    rows = sample_rows()
    source = pickled(tmp_path / "m.pkl", RandomForestClassifier(4, random_state=0).fit(rows, three_classes(rows)))
    with pytest.raises(Refused, match=rf"{method} makes the model no smaller .*: its size is that of its trees"):
        quantized(graph_of(load(source, None)), method)
    with pytest.raises(Refused, match="no smaller"):
        export(Request(source, "forest", "1.0.0", sample=rows, smaller=Smaller(method)), tmp_path / "m", created_at=NOW)
    assert not (tmp_path / "m").exists()


def test_a_graph_without_large_weights_is_refused() -> None:
    node = helper.make_node("MatMul", ["x", "a"], ["y"])
    small = network([node], {"a": layer(4, 3, seed=0)}, described(classes(3, None), features=4))
    with pytest.raises(Refused, match=r"no layer .* with 1,024 float32 weights or more"):
        quantized(graph_of(small), "float16")


@pytest.mark.parametrize("method", METHODS)
def test_what_smaller_costs_is_told(method: Method) -> None:
    before = proven(classifier())
    after = tried(before, method, max_flips=3_000)
    cost = after.quantization
    rows = rows_of(before.original, 3_000)
    was, now = probabilities(before.model, rows), probabilities(after.model, rows)
    assert cost is not None
    assert cost.max_difference == pytest.approx(abs(was - now).max(), rel=1e-6)
    assert cost.flips == (was.argmax(axis=1) != now.argmax(axis=1)).sum()
    assert (cost.rows, cost.method) == (3_000, method)
    assert (cost.bytes_before, cost.bytes_after) == (len(before.model), len(after.model))
    assert cost.exact == before.proof.parity


def test_one_flip_more_than_allowed_is_one_too_many() -> None:
    before = proven(classifier())
    flips = tried(before, max_flips=3_000).quantization
    assert flips is not None
    assert flips.flips > 1
    assert tried(before, max_flips=flips.flips).quantization == flips
    with pytest.raises(Refused, match=rf"change {flips.flips} of 3,000 labels.*--max-flips {flips.flips - 1} allows"):
        tried(before, max_flips=flips.flips - 1)
    with pytest.raises(Refused, match=r"--max-flips 0 allows no more than 0. Nothing was written"):
        tried(before)


def test_the_parity_of_a_smaller_graph_is_its_own() -> None:
    """Its golden rows must pass wherever it is served, at a tolerance that says what it is."""
    before = proven(classifier())
    after = tried(before, max_flips=3_000)
    parity, cost = after.parity, after.quantization
    assert cost is not None
    assert (parity.kinds, parity.label_flips) == ({"sample": 3_000}, cost.flips)
    assert parity.max_difference == cost.max_difference
    assert parity.tolerance == pytest.approx(2 * cost.max_difference + 1e-5)
    answers = probabilities(after.model, after.proof.probes.rows)
    served = Classes(("0", "1", "2"), answers.argmax(axis=1), answers)
    assert compare(after.proof.native, served, parity.tolerance).is_equal
    assert not compare(after.proof.native, served, 1e-5).is_equal
    assert before.parity == before.proof.parity


def test_a_value_that_moves_by_a_hundredth_of_the_spread_counts_as_a_flip() -> None:
    coarse = np.ones((1_024, 1), np.float32)
    coarse[0] = 60  # steps of half a unit: every other weight becomes 0.94, or one and a half as much
    before = proven(regressor(weights=coarse))
    with pytest.raises(Refused, match=r"values by more than 1% of their spread"):
        tried(before)
    after = tried(proven(regressor()), "float16")
    assert after.quantization is not None
    assert after.quantization.flips == 0
    assert after.parity.tolerance == pytest.approx(
        after.quantization.exact.tolerance + after.quantization.max_difference
    )
    served = Values(session(after.model).run(["value"], {"input": after.proof.probes.rows})[0][:, 0])
    assert compare(after.proof.native, served, after.parity.tolerance).is_equal


def test_a_smaller_graph_that_answers_no_number_is_refused() -> None:
    tiny = np.full((1_024, 1), 1e-3, np.float32)
    tiny[0] = 1
    original = regressor(weights=tiny, end="Log")
    sample = np.abs(rows_of(original))
    sample[:, 0] = 0
    graph = graph_of(original)
    exact = proven(regressor()).proof
    with pytest.raises(Refused, match="answers no number on 500 rows"):
        shrunk(Proven(original, graph, exact), Sample(sample), Smaller("dynamic-int8"), lambda _: None)


def test_too_few_rows_cannot_judge() -> None:
    with pytest.raises(Refused, match="judged on 64 rows at least, and the model takes 63 of the sample's"):
        tried(proven(classifier()), count=63)


def test_without_a_sample_nothing_can_judge(tmp_path: Path) -> None:
    request = Request(tmp_path / "model.pkl", "model", "1.0.0", smaller=Smaller("float16"))
    with pytest.raises(ExportError, match="what float16 costs is judged on a sample: give one with --sample"):
        export(request, tmp_path, created_at=NOW)


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_a_smaller_network_is_served_and_replayed(tmp_path: Path) -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [layers.Input((WIDTH,)), layers.Dense(64, activation="relu"), layers.Dense(3, activation="softmax")]
    )
    model.save(tmp_path / "model.keras")
    sample = np.random.default_rng(0).normal(size=(300, WIDTH)).astype(np.float32)
    request = Request(tmp_path / "model.keras", "net", "1.0.0", sample=sample, smaller=Smaller("float16", 300))
    bundle = export(request, tmp_path / "models", created_at=NOW)
    cost = bundle.metadata.quantization
    assert cost is not None
    assert (cost.method, cost.bytes_after) == ("float16", len(bundle.model))
    assert cost.exact.rows >= 10_000
    assert golden.replay(bundle, Predictor(bundle)).is_equal
    assert len(golden.load(bundle)[0]) >= 64
    answers = Predictor(bundle).predict(sample)
    assert isinstance(answers, Classes)
    with np.load(bundle.reference) as kept:
        assert kept["output_classes"].tolist() == np.bincount(answers.ids, minlength=3).tolist()
