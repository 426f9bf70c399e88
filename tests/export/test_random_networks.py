"""Random small networks of Keras 3 and Keras 2, and random ONNX files of others, answer as their originals.

Each is drawn by hypothesis, which shrinks what differs; the draw, its seed included, is in the failure's report.
"""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import sklearn.ensemble
from hypothesis import given, note
from hypothesis import strategies as st

from export.from_keras import load as load_keras
from export.from_onnx import load as load_onnx
from export.original import Original
from serinus.schema import Rows
from tests.export.test_random_models import (
    FEATURES,
    Table,
    amounts_of,
    classes_of,
    comparison,
    models,
    rows_for,
    tables,
)

pytestmark = pytest.mark.no_cover  # traced, it takes half as long again, and others reach the same lines

LENGTH, CHANNELS = 12, 2
ACTIVATIONS = ("relu", "tanh", "elu", "selu", "gelu", "swish", "softplus", "hard_sigmoid", "softsign", "exponential")
HEADS = {"three classes": (3, "softmax"), "two classes": (1, "sigmoid"), "value": (1, None)}


def along(layers: Any, kind: str, size: int, activation: str) -> list[Any]:
    """Layers that take a sequence and leave one."""
    made: dict[str, Any] = {
        "convolution": lambda: [layers.Conv1D(size, 3, padding="same", activation=activation)],
        "strided": lambda: [layers.Conv1D(size, 2, strides=2, padding="valid")],
        "causal": lambda: [layers.Conv1D(size, 2, dilation_rate=2, padding="causal", activation=activation)],
        "separable": lambda: [layers.SeparableConv1D(size, 3, padding="same", depth_multiplier=2)],
        "depthwise": lambda: [layers.DepthwiseConv1D(3, padding="same")],
        "transposed": lambda: [layers.Conv1DTranspose(size, 2, strides=2)],
        "batch": lambda: [layers.BatchNormalization()],
        "layer": lambda: [layers.LayerNormalization()],
        "pooled": lambda: [layers.MaxPooling1D(2, padding="same")],
        "averaged": lambda: [layers.AveragePooling1D(2, padding="same")],
        "padded": lambda: [layers.ZeroPadding1D(1), layers.Cropping1D((1, 0))],
        "repeated": lambda: [layers.UpSampling1D(2)],
        "lstm": lambda: [layers.LSTM(size, return_sequences=True)],
        "gru": lambda: [layers.GRU(size, return_sequences=True)],
        "both ways": lambda: [layers.Bidirectional(layers.LSTM(size, return_sequences=True))],
        "dense": lambda: [layers.Dense(size, activation=activation), layers.Dropout(0.5)],
        "leaky": lambda: [layers.PReLU()],
    }
    return list(made[kind]())


KINDS = (
    *("convolution", "strided", "causal", "separable", "depthwise", "transposed", "batch", "layer", "pooled"),
    *("averaged", "padded", "repeated", "lstm", "gru", "both ways", "dense", "leaky"),
)
ENDS = ("flat", "largest", "mean", "lstm", "gru")


def end(layers: Any, kind: str) -> Any:
    """A layer that takes a sequence and leaves a row."""
    made = {
        "flat": layers.Flatten,
        "largest": layers.GlobalMaxPooling1D,
        "mean": layers.GlobalAveragePooling1D,
        "lstm": lambda: layers.LSTM(3),
        "gru": lambda: layers.GRU(3),
    }
    return made[kind]()


def stirred(model: Any, generator: np.random.Generator) -> Any:
    """`model` with weights as after some training: fresh ones leave normalisations and biases without effect."""
    for weight in model.weights:
        moved = weight.numpy() + generator.normal(size=weight.shape) * 0.2
        weight.assign(np.abs(moved) if "variance" in getattr(weight, "path", weight.name) else moved)
    return model


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@models(12)
@given(
    seed=st.integers(0, 2**32 - 1),
    library=st.sampled_from(["keras", "tf_keras"]),
    kinds=st.lists(st.sampled_from(KINDS), max_size=4),
    last=st.sampled_from(ENDS),
    activation=st.sampled_from(ACTIVATIONS),
    head=st.sampled_from(sorted(HEADS)),
    suffix=st.sampled_from([".keras", ".h5"]),
)
def test_networks(
    tmp_path: Path,
    seed: int,
    library: str,
    kinds: list[str],
    last: str,
    activation: str,
    head: str,
    suffix: str,
) -> None:
    keras, generator = importlib.import_module(library), np.random.default_rng(seed)
    keras.utils.set_random_seed(seed % 1000)
    inner = [made for kind in kinds for made in along(keras.layers, kind, int(generator.integers(1, 6)), activation)]
    units, squash = HEADS[head]
    finished = [end(keras.layers, last), keras.layers.Dense(units, activation=squash)]
    model = keras.Sequential([keras.layers.Input((LENGTH, CHANNELS)), *inner, *finished])
    stirred(model, generator).save(tmp_path / f"model{suffix}")
    original = load_keras(tmp_path / f"model{suffix}", None)
    rows = generator.normal(size=(200, LENGTH * CHANNELS)).astype(np.float32)
    check(original, rows)
    expected = model.predict(rows.reshape(-1, LENGTH, CHANNELS), verbose=0)
    np.testing.assert_allclose(original.predict(rows)[:, -1], expected[:, -1], rtol=1e-4, atol=1e-5)


FORESTS = {
    "forest": sklearn.ensemble.RandomForestClassifier,
    "boosted": sklearn.ensemble.GradientBoostingClassifier,
    "values": sklearn.ensemble.RandomForestRegressor,
}


@models(40)
@given(
    table=tables(missing=[0.0]),
    kind=st.sampled_from(sorted(FORESTS)),
    count=st.integers(2, 4),
    depth=st.integers(1, 6),
    named=st.booleans(),
    zipped=st.booleans(),
    opset=st.sampled_from([9, 12, 15, 17, 21]),
)
def test_onnx_files(
    tmp_path: Path, table: Table, kind: str, count: int, depth: int, named: bool, zipped: bool, opset: int
) -> None:
    from skl2onnx import to_onnx

    rows, generator = table.made()
    targets: Any = amounts_of(rows, generator)
    if kind != "values":
        targets = classes_of(rows, generator, count)
        targets = np.array(["zebra", "ant", "cow", "bee"])[targets] if named else targets
    fitted = FORESTS[kind](n_estimators=5, max_depth=depth, random_state=1).fit(rows, targets)
    options = None if kind == "values" else {"zipmap": zipped}
    model = to_onnx(fitted, rows[:1], options=options, target_opset={"": opset, "ai.onnx.ml": 1 if opset < 15 else 3})
    onnx.save(model, tmp_path / "model.onnx")
    original = load_onnx(tmp_path / "model.onnx", None)
    assert original.features == FEATURES
    check(original, rows_for(original, rows, generator))


def check(original: Original, rows: Rows) -> None:
    compared, native = comparison(original, rows)
    worst = int(compared.differences.argmax())
    note(f"largest difference {compared.worst:.3g} on {rows[worst]}: {native[worst]}")
    assert compared.is_equal
