"""Part visits into those to learn from, to stop at, to calibrate with and to judge by: no patient is in two parts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
SHARES = {"train": 0.6, "stop": 0.1, "calibrate": 0.15, "held_out": 0.15}


@dataclass(frozen=True)
class Split:
    """Places of visits. stop: say when more trees no longer help; held_out: used for nothing but to judge."""

    train: Places
    stop: Places
    calibrate: Places
    held_out: Places


def split(patients: NDArray[np.generic], *, seed: int) -> Split:
    """Part the visits of `patients`, whose every visit names one, by patient."""
    _, of_visit = np.unique(patients, return_inverse=True)
    order = np.random.default_rng(seed).permutation(of_visit.max() + 1)
    ends = np.round(np.cumsum(list(SHARES.values()))[:-1] * len(order)).astype(np.int64)
    part_of = np.empty(len(order), np.int64)
    for number, members in enumerate(np.split(order, ends)):
        part_of[members] = number
    parts = part_of[of_visit]
    return Split(*(np.flatnonzero(parts == number) for number in range(len(SHARES))))
