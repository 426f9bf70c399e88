"""How float32 rows go into a foreign ONNX model: in one input of any fixed shape, or each feature in its own."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.errors import Refused
from export.onnx_files import Foreign, Port
from export.onnx_trees import features_read
from export.pieces import Piece
from serinus.schema import Rows

ROWS = "serinus_rows"  # as no converter calls a tensor
FLOATS: dict[str, Any] = {"tensor(float)": np.float32, "tensor(double)": np.float64}
FLOAT, DOUBLE = 1, 11  # of onnx.TensorProto
WORDS = "tensor(string)"


@dataclass(frozen=True)
class Part:
    """The columns of a row that go into one input; `shape` is what a row of them is reshaped to."""

    name: str
    dtype: Any
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """one_by_one: the model takes a single row at a time."""

    parts: tuple[Part, ...]
    one_by_one: bool

    @property
    def features(self) -> int:
        return sum(self._widths)

    @property
    def names(self) -> tuple[str, ...] | None:
        return tuple(part.name for part in self.parts) if len(self.parts) > 1 else None

    def feed(self, rows: Rows) -> dict[str, NDArray[Any]]:
        columns = np.split(rows, np.cumsum(self._widths)[:-1], axis=1)
        shaped = zip(self.parts, columns, strict=True)
        return {part.name: some.reshape(len(rows), *part.shape).astype(part.dtype) for part, some in shaped}

    def front(self) -> Piece:
        """The nodes that do the same with the tensor ROWS, and no more than they must: each costs time when serving."""
        piece, start = Piece(), 0
        for part, width in zip(self.parts, self._widths, strict=True):
            name = ROWS
            if width < self.features:
                columns = piece.constant(f"{ROWS}_columns{start}", np.arange(start, start + width))
                name = piece.add("Gather", [name, columns], f"{ROWS}_taken{start}", axis=1)
            if part.shape != (width,):
                shape = piece.constant(f"{ROWS}_shape{start}", np.array([-1, *part.shape], np.int64))
                name = piece.add("Reshape", [name, shape], f"{ROWS}_shaped{start}")
            is_wide = part.dtype == np.float64
            piece.add("Cast", [name], part.name, to=DOUBLE) if is_wide else piece.add("Identity", [name], part.name)
            start += width
        return piece

    @property
    def _widths(self) -> list[int]:
        return [prod(part.shape) for part in self.parts]


def entry_of(file: Foreign) -> Entry:
    for port in file.inputs:
        _check(port, file)
    batches = {port.shape[0] for port in file.inputs}
    return Entry(tuple(_part(port, file) for port in file.inputs), one_by_one=1 in batches)


def _check(port: Port, file: Foreign) -> None:
    if port.kind == WORDS:
        how = "turn words into numbers in front of the model, or export the model that the file was made of"
        raise Refused(f"{file.source} takes words at {port}: {how}")
    if port.kind not in FLOATS:
        raise Refused(f"{file.source} takes {port}; a bundle takes float32: convert the original with float inputs")
    if not port.shape or port.shape[0] not in (None, 1):
        raise Refused(f"{file.source} takes {port}: a bundle takes any number of rows, [N, F]")
    if len(file.inputs) > 1 and port.shape[1:] not in ((), (1,)):
        raise Refused(f"{file.source} has {len(file.inputs)} inputs: each must be [N, 1] then, but one is {port}")


def _part(port: Port, file: Foreign) -> Part:
    shape, read = port.shape[1:], features_read(file.model.graph, port.name)
    if shape == (None,):
        shape = (read,)
    if len(shape) == 1 and (read or 0) > (shape[0] or 0):
        raise Refused(
            f"{file.source} takes {port}, but its trees read {read} features: ONNX Runtime fails on rows that get "
            f"there. Convert the original again, with the {read} features or more that it was trained on"
        )
    if None in shape:
        raise Refused(
            f"{file.source} takes {port}, and does not say how many features that is: write the number into the file, "
            "as `model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = F`"
        )
    return Part(port.name, FLOATS[port.kind], tuple(int(size) for size in shape if size is not None))
