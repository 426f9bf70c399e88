"""What comes out of a foreign ONNX model: probabilities, with a label or without one, or a value; no more than that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from export.errors import Refused
from export.extras import need
from export.onnx_files import Foreign, Port, nodes_of
from export.onnx_trees import attributes
from serinus.golden import Natives

if TYPE_CHECKING:
    from onnx import GraphProto

ANSWERS = ("tensor(float)", "tensor(double)", "seq(map(int64,tensor(float)))", "seq(map(string,tensor(float)))")
LABELS = ("tensor(int64)", "tensor(int32)", "tensor(string)", "tensor(bool)")
CLASS_LABELS = ("classlabels_int64s", "classlabels_ints", "classlabels_strings")
TIE = 1e-5
FARTHEST_SUM = 1e-3
BELOW_ZERO = -1e-6
Names = tuple[str, ...]
Labels = NDArray[Any]


@dataclass(frozen=True)
class Exit:
    """tensor: the answer in the graph, in front of a ZipMap if there is one; keys: the classes that ZipMap tells."""

    answer: Port
    label: Port | None
    tensor: str
    keys: tuple[int | str, ...] = ()

    @property
    def is_double(self) -> bool:
        return "double" in self.answer.kind

    @property
    def asked(self) -> list[str]:
        return [self.answer.name] + ([self.label.name] if self.label else [])

    def read(self, outputs: Sequence[Any]) -> tuple[Natives, Labels | None]:
        """Answers [N, columns] and labels [N] out of what the session answered when `asked`."""
        found = [[told[key] for key in self.keys] for told in outputs[0]] if self.keys else outputs[0]
        answers = np.asarray(found)
        return answers.reshape(len(answers), -1), np.asarray(outputs[1]).reshape(-1) if self.label else None


def exit_of(file: Foreign) -> Exit:
    answers = [port for port in file.outputs if port.kind in ANSWERS]
    labels = [port for port in file.outputs if port.kind in LABELS]
    shown = "; ".join(map(str, file.outputs))
    if len(answers) + len(labels) < len(file.outputs) or len(answers) > 1 or len(labels) > 1:
        raise Refused(f"{file.source} answers {shown}; a bundle answers probabilities and their label, or a value")
    if not answers:
        raise Refused(f"{file.source} only answers {shown}: convert the original so that it answers probabilities")
    if len(answers[0].shape) > 2:
        raise Refused(f"{file.source} answers {answers[0]}; a bundle answers (N, classes) or (N, 1)")
    zipped = _zipped(file.model.graph, answers[0].name) if answers[0].kind.startswith("seq") else None
    if answers[0].kind.startswith("seq") and zipped is None:
        raise Refused(f"{file.source} answers {answers[0]}, which no ZipMap made")
    tensor, keys = zipped or (answers[0].name, ())
    return Exit(answers[0], labels[0] if labels else None, tensor, keys)


def _zipped(graph: "GraphProto", name: str) -> tuple[str, tuple[int | str, ...]] | None:
    """The tensor and the classes that a ZipMap makes dictionaries of."""
    maker = next((node for node in graph.node if name in node.output and node.op_type == "ZipMap"), None)
    return None if maker is None else (str(maker.input[0]), _class_labels(attributes(maker)))


def _class_labels(known: Mapping[str, Any]) -> tuple[int | str, ...]:
    found = next((known[name] for name in CLASS_LABELS if known.get(name)), ())
    return tuple(label.decode() if isinstance(label, bytes) else int(label) for label in found)


def class_names(file: Foreign, leaving: Exit, columns: int) -> Iterator[Names]:
    """What the classes may be called, the likeliest first: stacked models have several sets of names in them."""
    told = [leaving.keys, *(_class_labels(attributes(node)) for node in nodes_of(file.model.graph)), *_tables(file)]
    for names in dict.fromkeys([*map(tuple, told), tuple(range(columns))]):
        if len(names) == columns and len(set(names)) == columns:
            yield tuple(map(str, names))


def _tables(file: Foreign) -> Iterator[tuple[int | str, ...]]:
    """scikit-learn's classes_, which skl2onnx keeps as a constant that labels are picked from."""
    constants = {tensor.name: tensor for tensor in file.model.graph.initializer}
    to_array = need("onnx.numpy_helper").to_array
    for node in nodes_of(file.model.graph):
        if node.op_type in ("ArrayFeatureExtractor", "Gather") and node.input[0] in constants:
            values = np.asarray(to_array(constants[node.input[0]])).reshape(-1).tolist()
            yield tuple(value.decode() if isinstance(value, bytes) else value for value in values)


def mislabelled(names: Names, answers: Natives, labels: Labels | None) -> NDArray[np.bool_]:
    """Where the model's own label is another than the class of its largest probability, and no tie excuses it."""
    if labels is None:
        return np.zeros(len(answers), bool)
    two_best = np.sort(answers, axis=1)[:, -2:]
    told = np.array([_text(label) for label in labels.tolist()])
    is_clear = two_best[:, 1] - two_best[:, 0] >= TIE
    return np.asarray(is_clear & (told != np.array(names)[answers.argmax(axis=1)]))


def _text(label: object) -> str:
    return label.decode() if isinstance(label, bytes) else str(int(label) if isinstance(label, bool) else label)


def are_probabilities(answers: Natives) -> bool:
    """Whether these are probabilities of classes that exclude each other."""
    known = answers[np.isfinite(answers).all(axis=1)]
    sums = known.sum(axis=1)
    return not len(known) or bool(known.min() >= BELOW_ZERO and np.abs(sums - 1).max() <= FARTHEST_SUM)
