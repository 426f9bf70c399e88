import importlib
import itertools
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from export.errors import Refused
from export.from_keras import load
from export.preprocessing import behind
from serinus.schema import Rows
from tests.export.originals import graph_of, pickled, proof

pytestmark = [
    pytest.mark.keras,  # Keras 3.15 itself warns when it saves a model with NumPy 2.4
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]
WIDTH = 24


def curves(*, missing: float = 0.0) -> Rows:
    generator = np.random.default_rng(3)
    rows = generator.normal(1.0, 0.1, size=(200, WIDTH))
    rows[generator.uniform(size=rows.shape) < missing] = np.nan
    return rows.astype(np.float32)


def sequential(*layers: Any, shape: tuple[int | None, ...] = (WIDTH,), **options: Any) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.layers.Input(shape, **options), *layers])


def convolutional() -> Any:
    from keras import layers

    return sequential(
        layers.Conv1D(4, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling1D(2),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(3, activation="softmax"),
        shape=(WIDTH, 1),
    )


def functional() -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    start = layers.Input((WIDTH, 1))
    middle = layers.SeparableConv1D(6, 3, strides=2, padding="same")(start)
    attended = layers.MultiHeadAttention(2, 3)(middle, middle)
    end = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(attended))
    return keras.Model(start, layers.Softmax()(layers.Dense(3)(end)))


def recurrent() -> Any:
    from keras import layers

    return sequential(layers.Bidirectional(layers.LSTM(4)), layers.Dense(2, activation="softmax"), shape=(8, 3))


def dilated() -> Any:
    from keras import layers

    return sequential(
        layers.Conv1D(4, 3, dilation_rate=2, padding="causal", activation="relu"),
        layers.Conv1D(3, 5, dilation_rate=3, padding="same"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(3, activation="softmax"),
        shape=(WIDTH, 1),
    )


def stacked() -> Any:
    from keras import layers

    return sequential(layers.LSTM(5, return_sequences=True), layers.GRU(3), layers.Dense(1), shape=(WIDTH, 1))


def attentive() -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    start = layers.Input((WIDTH // 3, 3))
    seen = layers.Attention()([start, layers.AdditiveAttention()([start, start])])
    bent = layers.Dense(4, activation="gelu")(layers.Flatten()(layers.Add()([start, seen])))  # tf2onnx has no erfc
    return keras.Model(start, layers.Dense(1, activation="sigmoid")(bent))


def dense(units: int, activation: str | None) -> Any:
    from keras import layers

    return sequential(layers.Dense(6, activation="relu"), layers.Dense(units, activation=activation))


@pytest.mark.parametrize("make", [convolutional, functional, recurrent, dilated, stacked, attentive])
def test_flat_rows_reach_networks_of_any_shape(tmp_path: Path, make: Callable[[], Any]) -> None:
    make().save(tmp_path / "model.keras")
    original = load(tmp_path / "model.keras", None)
    assert (original.features, original.nan_policy, original.framework) == (WIDTH, "reject", "tensorflow")
    verdict = proof(original, graph_of(original), curves())
    assert verdict.comparison.worst < 1e-6
    assert verdict.parity.rows >= 10_000


def test_the_truth_is_what_keras_predicts(tmp_path: Path) -> None:
    model = convolutional()
    model.save(tmp_path / "model.keras")
    rows = curves()
    expected = model.predict(rows[..., None], verbose=0)
    np.testing.assert_allclose(load(tmp_path / "model.keras", None).predict(rows), expected, atol=1e-6)


def test_tf2onnx_alone_cannot_convert_a_sequential_model(tmp_path: Path) -> None:
    import tf2onnx

    convolutional().save(tmp_path / "model.keras")
    import keras

    with pytest.raises((KeyError, AttributeError)):
        tf2onnx.convert.from_keras(keras.saving.load_model(tmp_path / "model.keras"), opset=17)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("form", ["keras", "h5", "saved model"])
def test_one_probability_becomes_two_columns_in_every_format(tmp_path: Path, form: str) -> None:
    model, rows = dense(1, "sigmoid"), curves()
    second = model.predict(rows, verbose=0)[:, 0]
    file = tmp_path / {"keras": "model.keras", "h5": "model.h5", "saved model": "model"}[form]
    model.export(str(file), verbose=False) if form == "saved model" else model.save(file)
    original = load(file, ("quiet", "active"))
    assert original.output.model_dump()["labels"] == ("quiet", "active")
    np.testing.assert_allclose(original.predict(rows), np.stack([1 - second, second], axis=1), atol=1e-6)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_a_linear_output_is_a_value(tmp_path: Path) -> None:
    dense(1, None).save(tmp_path / "model.keras")
    original = load(tmp_path / "model.keras", None)
    assert original.output.task == "regression"
    assert proof(original, graph_of(original), curves()).comparison.is_equal


def test_preprocessing_in_front_makes_missing_values_welcome(tmp_path: Path) -> None:
    convolutional().save(tmp_path / "model.keras")
    rows = curves(missing=0.1)
    fitted = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(rows)
    original = behind(pickled(tmp_path / "preprocessing.pkl", fitted), load(tmp_path / "model.keras", None))
    assert original.nan_policy == "allow"
    verdict = proof(original, graph_of(original), rows)
    assert verdict.comparison.worst < 1e-6
    assert {"missing-one", "missing-many", "missing-all"} <= set(verdict.probes.kinds)


@pytest.mark.parametrize(
    ("units", "activation", "labels", "message"),
    [
        (3, None, None, r"3 outputs of 'dense_\d+' .* are no probabilities.*End the model with a softmax"),
        (3, "sigmoid", None, r"3 outputs of 'dense_\d+' \(a Sigmoid\) are no probabilities"),
        (1, None, ("A", "B"), "is no probability: end the model with a sigmoid"),
        (1, "sigmoid", ("A", "B", "C"), "2 classes, but 3 labels"),
        (3, "softmax", ("A", "B"), "3 classes, but 2 labels"),
    ],
)
def test_outputs_that_are_no_probabilities_of_the_labels_are_refused(
    tmp_path, units, activation, labels, message
) -> None:
    dense(units, activation).save(tmp_path / "model.keras")
    with pytest.raises(Refused, match=message):
        load(tmp_path / "model.keras", labels)


def two_inputs() -> Any:
    import keras
    from keras import layers

    left, right = layers.Input((4,), name="left"), layers.Input((4,), name="right")
    return keras.Model([left, right], layers.Dense(2, activation="softmax")(layers.Concatenate()([left, right])))


def two_outputs() -> Any:
    import keras
    from keras import layers

    start = layers.Input((4,))
    return keras.Model(start, [layers.Dense(2, name="kind")(start), layers.Dense(1, name="depth")(start)])


def any_length() -> Any:
    from keras import layers

    return sequential(layers.GlobalAveragePooling1D(), layers.Dense(2, activation="softmax"), shape=(None, 1))


def of_integers() -> Any:
    from keras import layers

    return sequential(layers.Embedding(9, 3), layers.Flatten(), layers.Dense(2), shape=(4,), dtype="int32")


def of_rank_three() -> Any:
    from keras import layers

    return sequential(layers.Conv1D(2, 3), shape=(WIDTH, 1))


def of_half_precision() -> Any:
    from keras import layers

    return sequential(layers.Dense(2, activation="softmax", dtype="float16"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (two_inputs, r"2 inputs \(left, right\)"),
        (two_outputs, r"2 outputs \(kind, depth\)"),
        (any_length, "no fixed size"),
        (of_integers, "takes int32"),
        (of_rank_three, "answers tensors of shape"),
        (of_half_precision, "answers in float16.*end it with a float32 layer"),
    ],
)
def test_networks_that_do_not_map_rows_to_classes_are_refused(
    tmp_path: Path, make: Callable[[], Any], message: str
) -> None:
    make().save(tmp_path / "model.keras")
    with pytest.raises(Refused, match=message):
        load(tmp_path / "model.keras", None)


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"no model")
    with pytest.raises(Refused, match="Keras cannot read"):
        load(tmp_path / "model.keras", None)


def old(*layers: Any, shape: tuple[int, ...] = (WIDTH,)) -> Any:
    """A model of Keras 2, whose weights differ from layer to layer."""
    import tf_keras

    tf_keras.utils.set_random_seed(0)
    return tf_keras.Sequential([tf_keras.layers.Input(shape), *layers])


def old_convolutional() -> Any:
    from tf_keras import layers

    return old(
        layers.SeparableConv1D(4, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.Bidirectional(layers.LSTM(3)),
        layers.Dense(1, activation="sigmoid"),
        shape=(WIDTH, 1),
    )


def old_recurrent() -> Any:
    from tf_keras import layers

    return old(layers.BatchNormalization(), layers.LSTM(3), layers.Dense(1, activation="sigmoid"), shape=(WIDTH, 1))


def old_functional() -> Any:
    import tensorflow
    import tf_keras
    from tf_keras import layers

    start = layers.Input((WIDTH,))
    middle = tensorflow.reshape(layers.Dense(8, activation="relu")(start) * 2.0, (-1, 8))
    return tf_keras.Model(start, layers.Dense(3, activation="softmax")(middle))


OLD_FORMATS = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")


@OLD_FORMATS
@pytest.mark.parametrize(
    ("make", "form"),
    [
        *itertools.product([old_convolutional, old_functional], ["keras", "h5"]),
        *itertools.product([old_recurrent, old_functional], ["saved model"]),  # each layer takes seconds to save
    ],
)
def test_every_format_of_keras_2_answers_as_keras_2(tmp_path: Path, make: Callable[[], Any], form: str) -> None:
    model, rows = make(), curves()
    file = tmp_path / {"keras": "model.keras", "h5": "model.h5", "saved model": "model"}[form]
    model.save(file)
    original = load(file, None)
    expected = model.predict(rows.reshape(-1, *model.input_shape[1:]), verbose=0)
    np.testing.assert_allclose(original.predict(rows)[:, -1], expected[:, -1], atol=1e-6)
    assert proof(original, graph_of(original), rows).comparison.is_equal
    assert ("tf_keras" in original.dependencies) == (form != "saved model")


@OLD_FORMATS
@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("library", ["keras", "tf_keras"])
def test_code_in_a_file_is_never_run(tmp_path: Path, library: str, suffix: str) -> None:
    """Keras 2 runs the Lambda of an .h5 file without being asked to."""
    keras = importlib.import_module(library)
    layers = [keras.layers.Lambda(lambda rows: rows * 2, name="twice"), keras.layers.Dense(1)]
    model = keras.Sequential([keras.layers.Input((WIDTH,)), *layers])
    model.save(tmp_path / f"model.{suffix}")
    with pytest.raises(Refused, match=r"holds Python code, the Lambda layer 'twice'.*model.export\('model'\)"):
        load(tmp_path / f"model.{suffix}", None)


@OLD_FORMATS
@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("library", ["keras", "tf_keras"])
def test_layers_of_the_authors_own_are_refused_by_name(tmp_path: Path, library: str, suffix: str) -> None:
    keras = importlib.import_module(library)

    class Twice(keras.layers.Layer):
        def call(self, rows: Any) -> Any:
            return rows * 2

    model = keras.Sequential([keras.layers.Input((WIDTH,)), Twice(), keras.layers.Dense(1)])
    model.save(tmp_path / f"model.{suffix}")
    with pytest.raises(Refused, match=r"'?Twice'?.*where it was trained, run `model.export"):
        load(tmp_path / f"model.{suffix}", None)


def test_a_file_cannot_have_modules_imported(tmp_path: Path) -> None:
    dense(1, None).save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive, zipfile.ZipFile(tmp_path / "evil.keras", "w") as evil:
        for name in archive.namelist():
            evil.writestr(name, archive.read(name).replace(b'"keras.layers"', b'"antigravity"'))
    with pytest.raises(Refused, match="needs 'InputLayer' of the module 'antigravity'"):
        load(tmp_path / "evil.keras", None)
    assert "antigravity" not in sys.modules


@OLD_FORMATS
def test_weights_without_their_layers_are_refused(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "model.h5", "w") as file:
        file["dense"] = np.ones(3)
    with pytest.raises(Refused, match=r"holds weights without their layers"):
        load(tmp_path / "model.h5", None)


@pytest.mark.parametrize(("units", "activation"), [(1, "sigmoid"), (3, "softmax")])
def test_a_network_converts_alike_each_time_it_is_asked(tmp_path: Path, units: int, activation: str) -> None:
    dense(units, activation).save(tmp_path / "model.keras")
    original = load(tmp_path / "model.keras", None)
    assert graph_of(original) == graph_of(original)


def test_a_folder_without_a_saved_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"without saved_model.pb"):
        load(tmp_path, None)


def test_a_saved_model_with_several_outputs_is_refused_by_name(tmp_path: Path) -> None:
    two_outputs().export(str(tmp_path / "model"), verbose=False)
    with pytest.raises(Refused, match=r"has 2 outputs \("):
        load(tmp_path / "model", None)


def test_a_saved_model_without_a_serving_function_is_refused(tmp_path: Path) -> None:
    import tensorflow

    module = tensorflow.Module()
    module.weight = tensorflow.Variable(1.0)
    tensorflow.saved_model.save(module, str(tmp_path / "model"))
    with pytest.raises(Refused, match="has no signature 'serving_default'"):
        load(tmp_path / "model", None)


def test_the_same_network_makes_the_same_graph_however_often_it_is_converted(tmp_path: Path) -> None:
    convolutional().save(tmp_path / "model.keras")
    first, second = (graph_of(load(tmp_path / "model.keras", None)) for _ in range(2))
    assert first == second


def test_a_network_that_mixes_the_rows_of_a_batch_is_refused(tmp_path: Path) -> None:
    import tensorflow

    class Module(tensorflow.Module):
        @tensorflow.function(input_signature=[tensorflow.TensorSpec((None, 3), tensorflow.float32)])
        def __call__(self, rows: Any) -> Any:
            return tensorflow.nn.softmax(rows, axis=0)

    module = Module()
    tensorflow.saved_model.save(module, str(tmp_path / "model"), signatures=module.__call__)
    with pytest.raises(Refused, match=r"answers a row differently among others: \[1. 1. 1.\] alone"):
        load(tmp_path / "model", None)


def test_an_operation_that_onnx_lacks_is_refused_by_name(tmp_path: Path) -> None:
    import tensorflow

    class Module(tensorflow.Module):
        @tensorflow.function(input_signature=[tensorflow.TensorSpec((None, 3), tensorflow.float32)])
        def __call__(self, rows: Any) -> Any:
            return tensorflow.math.lgamma(tensorflow.reduce_sum(rows, axis=1, keepdims=True))

    module = Module()
    tensorflow.saved_model.save(module, str(tmp_path / "model"), signatures=module.__call__)
    original = load(tmp_path / "model", None)
    with pytest.raises(Refused, match="could not express this model in ONNX: No Op registered for Lgamma"):
        graph_of(original)
