"""Keras models (.keras, .h5) and TensorFlow SavedModels as originals."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export.errors import Refused
from export.extras import KERAS, need, versions
from export.keras_files import keras_model, signature_of
from export.keras_graph import converted, last_operator, with_two_columns
from export.original import Original, classes, two_columns, value
from export.row_by_row import check_row_by_row
from serinus.golden import Natives
from serinus.schema import OutputSchema, Rows

BATCH = 1024
CHECKED_ROWS = 64
FARTHEST_SUM = 1e-3


@dataclass(frozen=True)
class Network:
    """call: a tensor [N, *shape] -> the model's one output [N, outputs], called `output`.

    readers: the distributions besides TensorFlow that read the file
    """

    call: Callable[[Any], Any]
    shape: tuple[int, ...]
    output: str
    outputs: int
    readers: tuple[str, ...] = ()

    @property
    def features(self) -> int:
        return int(np.prod(self.shape))


def load(source: Path, labels: Sequence[str] | None) -> Original:
    tensorflow = need("tensorflow", extra=KERAS)
    need("tf2onnx", extra=KERAS)
    network = _from_saved_model(source) if source.is_dir() else _from_keras(source)
    flat = _flat(network)
    graph = converted(flat)
    last = last_operator(graph)
    is_binary = network.outputs == 1 and last == "Sigmoid"
    rows = _some_rows(network.features)
    check_row_by_row(lambda some: _predict(flat, some), rows, source)
    if network.outputs > 1:
        _check_sums(network, last, _predict(flat, rows))
    return Original(
        framework="tensorflow",
        framework_version=str(tensorflow.__version__),
        predict=lambda rows: two_columns(_predict(flat, rows)) if is_binary else _predict(flat, rows),
        graph=lambda: with_two_columns(graph) if is_binary else deepcopy(graph),  # whoever asks may write into it
        output=_output(network, last, labels),
        features=network.features,
        nan_policy="reject",
        dependencies=versions("tf2onnx", "onnx", *network.readers),
    )


def _from_keras(source: Path) -> Network:
    model, library = keras_model(source)
    shape = _shape({tensor.name: tensor for tensor in model.inputs}, source)
    output = _answer(dict(zip(_output_names(model), model.outputs, strict=True)), source)
    last = model.layers[-1].name
    return Network(lambda tensor: model(tensor, training=False), shape, last, int(output.shape[-1]), (library,))


def _output_names(model: Any) -> list[str]:
    """Of the layers that answer; a Sequential model has one, and no names."""
    return [str(name) for name in getattr(model, "output_names", [model.layers[-1].name])]


def _from_saved_model(source: Path) -> Network:
    signature = signature_of(source)
    inputs, outputs = signature.structured_input_signature[1], signature.structured_outputs
    shape, output = _shape(inputs, source), _answer(outputs, source)
    (given,), (answer,) = inputs, outputs
    return Network(lambda tensor: signature(**{given: tensor})[answer], shape, answer, int(output.shape[-1]))


def _only(tensors: Mapping[str, Any], kind: str, source: Path) -> Any:
    if len(tensors) != 1:
        raise Refused(f"{source} has {len(tensors)} {kind}s ({', '.join(tensors)}); a bundle has one")
    return next(iter(tensors.values()))


def _shape(inputs: Mapping[str, Any], source: Path) -> tuple[int, ...]:
    """What a row is reshaped to in front of the model: (F,), (F, 1), or any fixed shape, row by row."""
    tensor = _only(inputs, "input", source)
    shape = tuple(tensor.shape)[1:]
    if _kind(tensor) != "float32":
        raise Refused(f"{source} takes {_kind(tensor)} at {tensor.name!r}; a bundle takes float32")
    if not shape or any(size is None for size in shape):
        raise Refused(f"{source} takes inputs of no fixed size, {('N', *shape)}; a bundle takes rows of F features")
    return tuple(int(size) for size in shape)


def _answer(outputs: Mapping[str, Any], source: Path) -> Any:
    tensor = _only(outputs, "output", source)
    shape = tuple(tensor.shape)
    if len(shape) != 2 or shape[1] is None:
        raise Refused(f"{source} answers tensors of shape {('N', *shape[1:])}; a bundle answers (N, classes)")
    if _kind(tensor) != "float32":
        raise Refused(f"{source} answers in {_kind(tensor)}; a bundle answers in float32: end it with a float32 layer")
    return tensor


def _kind(tensor: Any) -> str:
    return str(getattr(tensor.dtype, "name", tensor.dtype))


def _flat(network: Network) -> Any:
    """The model as a TensorFlow function of flat rows; tf2onnx's own from_keras fails on Sequential models."""
    tensorflow = need("tensorflow", extra=KERAS)
    spec = tensorflow.TensorSpec((None, network.features), tensorflow.float32, name="input")

    def forward(rows: Any) -> dict[str, Any]:
        return {"answer": network.call(tensorflow.reshape(rows, (-1, *network.shape)))}

    return tensorflow.function(forward, input_signature=[spec])


def _predict(flat: Any, rows: Rows) -> Natives:
    convert = need("tensorflow", extra=KERAS).constant
    batches = [flat(convert(rows[start : start + BATCH]))["answer"].numpy() for start in range(0, len(rows), BATCH)]
    return np.concatenate(batches)


def _some_rows(features: int) -> Rows:
    return np.random.default_rng(0).normal(size=(CHECKED_ROWS, features)).astype(np.float32)


def _check_sums(network: Network, last: str, answers: Natives) -> None:
    """Refuse outputs that are not probabilities of classes that exclude each other."""
    sums = answers.sum(axis=1)
    if answers.min() < 0 or np.abs(sums - 1).max() > FARTHEST_SUM:
        raise Refused(
            f"the {network.outputs} outputs of {network.output!r} (a {last}) are no probabilities: on random rows they "
            f"add up to {sums.min():.4g} ... {sums.max():.4g}. End the model with a softmax if they are logits"
        )


def _output(network: Network, last: str, labels: Sequence[str] | None) -> OutputSchema:
    if network.outputs > 1 or last == "Sigmoid":
        return classes(max(network.outputs, 2), labels)
    if labels is not None:
        raise Refused(
            f"labels were given, but the one output of {network.output!r} (a {last}) is no probability: "
            "end the model with a sigmoid if it is a logit"
        )
    return value(None)
