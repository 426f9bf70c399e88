"""Which of the proven rows a bundle keeps, to be run again wherever the native library is not."""

import numpy as np
from numpy.typing import NDArray

from export.gate import Proof
from export.npz import packed

LEAST = 64
EACH_KIND = 8
EXTREME = 8


def golden_file(proof: Proof) -> bytes:
    """golden.npz: some rows of every kind, those that came out worst, and those nearest to a tie."""
    kept = _kept(proof)
    return packed({"rows": proof.probes.rows[kept], "native": proof.native[kept]})


def _kept(proof: Proof) -> NDArray[np.intp]:
    kinds = np.unique(proof.probes.kinds)
    each = max(EACH_KIND, -(-LEAST // len(kinds)))
    chosen = [spread(np.flatnonzero(proof.probes.kinds == kind), each) for kind in kinds]
    worst = np.argsort(-proof.comparison.differences, kind="stable")[:EXTREME]
    everywhere = spread(np.arange(len(proof.native)), LEAST)
    return np.unique(np.concatenate([*chosen, worst, _closest(proof), everywhere[: LEAST // 2]]))


def _closest(proof: Proof) -> NDArray[np.intp]:
    if proof.native.shape[1] < 2:
        return np.zeros(0, np.intp)
    best_two = np.sort(proof.native, axis=1)[:, -2:]
    return np.argsort(best_two[:, 1] - best_two[:, 0], kind="stable")[:EXTREME]


def spread(rows: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Up to `count` of `rows`, evenly spaced."""
    places = np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(np.intp)
    spaced: NDArray[np.intp] = rows[np.unique(places)]
    return spaced
