"""ONNX files that others made, as originals: the truth is the file itself, as ONNX Runtime runs it untouched."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import JsonValue

from export.errors import Refused
from export.extras import need, versions
from export.onnx_files import Foreign, foreign
from export.onnx_graph import between, places, with_two_columns
from export.onnx_inputs import Entry, entry_of
from export.onnx_outputs import Exit, Labels, Names, are_probabilities, class_names, exit_of, mislabelled
from export.onnx_trees import attributes, codes_of, knows_missing, trees_of
from export.original import Original, Tree, classes, named_classes, two_columns, value
from export.row_by_row import check_row_by_row
from serinus.golden import Natives
from serinus.schema import ClassificationSchema, NanPolicy, OutputSchema, Rows

if TYPE_CHECKING:
    from onnx import GraphProto

SOME_ROWS = 256
PASS_THROUGH = ("Identity", "Cast", "Reshape", "Squeeze", "Flatten")


@dataclass(frozen=True)
class Untouched:
    """The file as it is, fed with rows."""

    file: Foreign
    entry: Entry
    leaving: Exit

    def __call__(self, rows: Rows) -> tuple[Natives, Labels | None]:
        """Answers [N, columns], and the model's own labels [N] where it has some."""
        batches = np.split(rows, len(rows)) if self.entry.one_by_one else [rows]
        answers, labels = zip(*(self._answered(batch) for batch in batches), strict=True)
        return np.concatenate(answers), np.concatenate(labels) if self.leaving.label else None

    def _answered(self, rows: Rows) -> tuple[Natives, Labels | None]:
        try:
            outputs = self.file.session.run(self.leaving.asked, self.entry.feed(rows))
        except Exception as error:  # ONNX Runtime has an error for every status, and no base of its own for them
            reason = str(error).splitlines()[0][:300]
            raise Refused(f"{self.file.source} does not run on {rows.shape} rows: {reason}") from error
        return self.leaving.read(outputs)


@dataclass(frozen=True)
class Meaning:
    """What the answers are; `names`: the classes as the file calls them; is_binary: only the second is answered."""

    output: OutputSchema
    names: Names = ()
    is_binary: bool = False

    def of(self, answers: Natives) -> Natives:
        return two_columns(answers) if self.is_binary else answers


def load(source: Path, labels: Sequence[str] | None) -> Original:
    need("onnx")
    file = foreign(source)
    run = Untouched(file, entry_of(file), exit_of(file))
    model = between(file, run.entry, run.leaving)
    where = places(model, run.entry.features, file)
    trees = trees_of(model.graph, where)
    rows = _some_rows(run.entry.features, trees)
    check_row_by_row(lambda some: run(some)[0], rows, source)
    meaning = _meaning(run, rows, labels)
    return Original(
        framework="onnx",
        framework_version=str(need("onnxruntime").__version__),
        predict=lambda tried: _predict(run, meaning, tried),
        graph=lambda: with_two_columns(model) if meaning.is_binary else deepcopy(model),
        output=meaning.output,
        features=run.entry.features,
        nan_policy=_nan_policy(run, rows),
        dependencies=versions("onnx"),
        names=run.entry.names,
        trees=trees,
        codes=codes_of(model.graph, where),
        training=_producer(file),
    )


def _producer(file: Foreign) -> dict[str, JsonValue]:
    made = f"{file.model.producer_name} {file.model.producer_version}".strip()
    return {"onnx_producer": made} if made else {}


def _meaning(run: Untouched, rows: Rows, labels: Sequence[str] | None) -> Meaning:
    answers, told = run(rows)
    if answers.shape[1] == 1 and not _is_binary(run, answers, labels):
        return Meaning(value(labels))
    is_binary = answers.shape[1] == 1
    probabilities = two_columns(answers) if is_binary else answers
    _check_probabilities(run, answers, probabilities)
    for names in class_names(run.file, run.leaving, probabilities.shape[1]):
        if not mislabelled(names, probabilities, told).any():
            return Meaning(_classes(names, labels), names, is_binary)
    raise _other_labels(run, probabilities, told)


def _is_binary(run: Untouched, answers: Natives, labels: Sequence[str] | None) -> bool:
    """A single probability: it has a label beside it, or is squashed, or whoever names the classes says so."""
    if run.leaving.label is not None or _is_squashed(run.file.model.graph, run.leaving.tensor):
        return True
    return labels is not None and bool(answers.min() >= 0 and answers.max() <= 1)


def _is_squashed(graph: "GraphProto", tensor: str) -> bool:
    makers = {name: node for node in graph.node for name in node.output}
    while tensor in makers and makers[tensor].op_type in PASS_THROUGH:
        tensor = makers[tensor].input[0]
    if tensor not in makers:
        return False
    return makers[tensor].op_type == "Sigmoid" or attributes(makers[tensor]).get("post_transform") == b"LOGISTIC"


def _classes(names: Names, labels: Sequence[str] | None) -> ClassificationSchema:
    """`labels` may name classes that are numbers in the file, and repeat, but not contradict, names."""
    are_numbers = all(name.lstrip("-").isdecimal() for name in names)
    if are_numbers and labels is not None and set(labels) != set(names):
        return classes(len(names), labels)
    return named_classes(names, labels)


def _predict(run: Untouched, meaning: Meaning, rows: Rows) -> Natives:
    """Every row is looked at: some scores look like probabilities on the first few."""
    answers, told = run(rows)
    if not meaning.names:
        return answers
    probabilities = meaning.of(answers)
    _check_probabilities(run, answers, probabilities)
    if mislabelled(meaning.names, probabilities, told).any():
        raise _other_labels(run, probabilities, told, meaning.names)
    return probabilities


def _check_probabilities(run: Untouched, answers: Natives, probabilities: Natives) -> None:
    if are_probabilities(probabilities):
        return
    sums = answers.sum(axis=1)
    raise Refused(
        f"{run.file.source} answers no probabilities in {run.leaving.answer}: numbers from {answers.min():.4g} to "
        f"{answers.max():.4g}, which add up to {sums.min():.4g} ... {sums.max():.4g} in a row. Raw scores need their "
        "softmax or sigmoid inside the file (post_transform), and several targets need a file each"
    )


def _other_labels(run: Untouched, probabilities: Natives, told: Labels | None, names: Names = ()) -> Refused:
    known = names or tuple(map(str, range(probabilities.shape[1])))
    wrong = np.flatnonzero(mislabelled(known, probabilities, told))
    row, own = int(wrong[0]), [] if told is None else told.tolist()
    return Refused(
        f"{run.file.source}: its label {run.leaving.label} is not its most probable class: {own[row]!r} at "
        f"{probabilities[row]}, and so on {len(wrong):,} of {len(probabilities):,} rows. A bundle answers the most "
        "probable class; take the label out of the file's outputs if that is what you want"
    )


def _nan_policy(run: Untouched, rows: Rows) -> NanPolicy:
    """Missing values are welcome where the file routes or replaces them, and answers with numbers then."""
    if not knows_missing(run.file.model.graph):
        return "reject"
    width = run.entry.features
    holes = np.resize(rows, (width + 1, width))
    holes[np.arange(width), np.arange(width)] = np.nan
    holes[width] = np.nan
    return "allow" if np.isfinite(run(holes)[0]).all() else "reject"


def _some_rows(features: int, trees: Sequence[Tree]) -> Rows:
    """Rows on both sides of many thresholds, where there are some."""
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(SOME_ROWS, features)).astype(np.float32)
    for feature in range(features):
        turns = [tree.threshold[tree.feature == feature] for tree in trees]
        known = np.concatenate([*turns, np.zeros(0, np.float32)])
        if len(known):
            rows[:, feature] += generator.choice(known, SOME_ROWS)
    return rows
