"""Phase-folded Kepler light curves, and the .npz file that holds them.

A curve is the relative flux (flux / median - 1) in 784 bins of orbital phase. The eclipse lies between bins 391 and
392, in the middle; a bin that no cadence fell into is NaN.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serinus.errors import SerinusError

LABELS = ("CONFIRMED", "CANDIDATE", "FALSE_POSITIVE")
BINS = 784
FEATURE_NAMES = tuple(f"flux_{bin_number}" for bin_number in range(BINS))


class LightCurveError(SerinusError):
    """A file of light curves is unreadable, or holds something else than light curves."""


@dataclass(frozen=True)
class LightCurves:
    """Row by row. flux: [N, 784], NaN for an empty bin; labels: [N], indices into LABELS; kepid: [N], one per star."""

    flux: NDArray[np.float32]
    labels: NDArray[np.int64]
    kepid: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.flux)

    def only(self, rows: NDArray[np.int64]) -> "LightCurves":
        """The curves at `rows`, in that order."""
        return LightCurves(self.flux[rows], self.labels[rows], self.kepid[rows])


def load(path: Path) -> LightCurves:
    """Read `X`, `y` and, where it is there, `kepid`; rows are numbered from 0 where it is not."""
    arrays = _arrays(path)
    flux = _flux(path, arrays["X"])
    names = _of_length(path, "y", arrays["y"], len(flux))
    kepid = _of_length(path, "kepid", arrays.get("kepid", np.arange(len(flux))), len(flux))
    if kepid.dtype.kind not in "iu":
        raise LightCurveError(f"{path}: expected integers in kepid, got {kepid.dtype}")
    return LightCurves(flux, _labels(path, names), kepid.astype(np.int64))


def save(path: Path, curves: LightCurves) -> None:
    with path.open("wb") as file:  # savez would add .npz to a name without it
        np.savez_compressed(file, X=curves.flux, y=np.array(LABELS)[curves.labels], kepid=curves.kepid)


def _arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise LightCurveError(f"{path}: expected an .npz file with X and y, got a single array")
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise LightCurveError(f"{path}: expected an .npz file with X and y and no pickles: {error}") from error
    if missing := {"X", "y"} - arrays.keys():
        raise LightCurveError(f"{path}: expected arrays X and y, missing {sorted(missing)}, got {sorted(arrays)}")
    return arrays


def _flux(path: Path, rows: NDArray[np.generic]) -> NDArray[np.float32]:
    if rows.ndim != 2 or rows.shape[1] != BINS:
        raise LightCurveError(f"{path}: expected X of shape (N, {BINS}), got {rows.shape}")
    if rows.dtype.kind != "f":
        raise LightCurveError(f"{path}: expected floats in X, got {rows.dtype}")
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, and is named below
        flux = rows.astype(np.float32)
    infinite = np.argwhere(np.isinf(flux))
    if len(infinite):
        row, column = infinite[0]
        value = rows[row, column]
        raise LightCurveError(f"{path}: expected finite float32 or NaN in X, got {value} at row {row}, bin {column}")
    return flux


def _of_length(path: Path, name: str, column: NDArray[np.generic], rows: int) -> NDArray[np.generic]:
    if column.shape != (rows,):
        raise LightCurveError(f"{path}: expected {name} of shape ({rows},) as X has {rows} rows, got {column.shape}")
    return column


def _labels(path: Path, names: NDArray[np.generic]) -> NDArray[np.int64]:
    spelled, positions = np.unique(names, return_inverse=True)
    known = [str(name).replace(" ", "_") for name in spelled]
    if unknown := sorted(set(known) - set(LABELS)):
        raise LightCurveError(f"{path}: expected y among {', '.join(LABELS)}, got {', '.join(unknown)}")
    return np.array([LABELS.index(name) for name in known], np.int64)[positions]
