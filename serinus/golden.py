"""Golden rows: what the native library answered when the bundle was made, compared with what is served now.

The comparison is the same at export (10,000 rows and more), at image build, and in the deep health check.
Two answers differ when a probability differs by more than the tolerance, or when the native library puts the label
further than that behind its best one: classes closer together are a tie, and each of their labels is right.
"""

from dataclasses import dataclass
from typing import Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from serinus.bundle import Bundle
from serinus.errors import BundleError
from serinus.prediction import Answers, Classes
from serinus.schema import ClassificationSchema, Rows

Natives = NDArray[np.floating]


@dataclass(frozen=True)
class Comparison:
    """Row by row. differences: float64 [N], inf where exactly one side is NaN; flips, ties: bool [N]."""

    differences: NDArray[np.float64]
    flips: NDArray[np.bool_]
    ties: NDArray[np.bool_]
    tolerance: float

    @property
    def worst(self) -> float:
        return float(self.differences.max(initial=0.0))

    @property
    def wrong(self) -> NDArray[np.bool_]:
        return (self.differences > self.tolerance) | self.flips

    @property
    def is_equal(self) -> bool:
        return not self.wrong.any()

    def taken(self, which: NDArray[np.bool_]) -> "Comparison":
        return Comparison(self.differences[which], self.flips[which], self.ties[which], self.tolerance)


class Model(Protocol):
    def predict(self, rows: Rows) -> Answers: ...


def compare(native: Natives, served: Answers, tolerance: float) -> Comparison:
    """Compare `native` probabilities [N, C], or values [N] or [N, 1], with what was `served` on the same rows."""
    if isinstance(served, Classes):
        flips, ties = _flips(native, served.ids, tolerance)
        return Comparison(_differences(native, served.probabilities), flips, ties, tolerance)
    none = np.zeros(len(native), bool)
    return Comparison(_differences(native.reshape(-1, 1), served.values[:, None]), none, none, tolerance)


def replay(bundle: Bundle, model: Model) -> Comparison:
    """Run the bundle's golden rows through `model` and compare with the native answers kept beside them."""
    rows, native = load(bundle)
    return compare(native, model.predict(rows), bundle.metadata.parity.tolerance)


def load(bundle: Bundle) -> tuple[Rows, Natives]:
    """The rows, float32 [N, F], and the native answers to them; BundleError when that is not what the file holds."""
    try:
        with bundle.golden.open("rb") as file, np.load(file, allow_pickle=False) as golden:
            rows, native = golden["rows"], golden["native"]
    except (OSError, EOFError, ValueError, TypeError, KeyError, BadZipFile) as error:
        raise BundleError(f"{bundle.golden} holds no golden rows: {error}") from error
    _check_shapes(bundle, rows, native)
    return rows, native


def _check_shapes(bundle: Bundle, rows: Rows, native: Natives) -> None:
    schema = bundle.metadata.output_schema
    size, width = len(rows), bundle.metadata.input_schema.features
    natives = [(size, schema.classes)] if isinstance(schema, ClassificationSchema) else [(size, 1), (size,)]
    if not size or rows.dtype != np.float32 or rows.shape != (size, width) or native.shape not in natives:
        expected = f"expected rows float32 {(size, width)} and native {natives[0]}"
        raise BundleError(f"{bundle.golden}: {expected}, got {rows.dtype} {rows.shape} and {native.shape}")


def _differences(native: Natives, served: NDArray[np.float32]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        apart = np.abs(np.asarray(native, np.float64) - served)
    both_nan = np.isnan(native) & np.isnan(served)
    apart[both_nan | (native == served)] = 0.0  # equal infinities differ by NaN otherwise
    apart[np.isnan(apart)] = np.inf
    worst: NDArray[np.float64] = apart.max(axis=1)
    return worst


def _flips(native: Natives, ids: NDArray[np.int64], tolerance: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    second, best = np.sort(native, axis=1)[:, -2:].T
    of_served = np.take_along_axis(native, ids[:, None], axis=1)[:, 0]
    with np.errstate(invalid="ignore"):  # infinity less infinity: no flip, and no tie
        return best - of_served >= tolerance, best - second < tolerance
