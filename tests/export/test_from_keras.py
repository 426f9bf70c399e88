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


def dense(units: int, activation: str | None) -> Any:
    from keras import layers

    return sequential(layers.Dense(6, activation="relu"), layers.Dense(units, activation=activation))


@pytest.mark.parametrize("make", [convolutional, functional, recurrent])
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
    return keras.Model(start, [layers.Dense(2)(start), layers.Dense(1)(start)])


def any_length() -> Any:
    from keras import layers

    return sequential(layers.GlobalAveragePooling1D(), layers.Dense(2, activation="softmax"), shape=(None, 1))


def of_integers() -> Any:
    from keras import layers

    return sequential(layers.Embedding(9, 3), layers.Flatten(), layers.Dense(2), shape=(4,), dtype="int32")


def of_rank_three() -> Any:
    from keras import layers

    return sequential(layers.Conv1D(2, 3), shape=(WIDTH, 1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (two_inputs, r"2 inputs \(left, right\)"),
        (two_outputs, "2 outputs"),
        (any_length, "no fixed size"),
        (of_integers, "takes int32"),
        (of_rank_three, "answers tensors of shape"),
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


def test_a_folder_without_a_saved_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"without saved_model.pb"):
        load(tmp_path, None)


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
