"""What two releases did side by side, window by window, and how their golden rows fared.

A window is known by when it starts. Told twice, or told more of, it is the larger of what was told: counts only grow
while a window is still being counted. So the order of measurements, and repeats, make no difference.

Counts are arrays [..., 2, F]: the candidate's and the baseline's, one column for each kind, the answers last. Many
simulated rollouts are one array with a leading axis; `serinus.rollout.judge` takes one rollout.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
CANDIDATE, BASELINE = 0, 1


class Kind(IntEnum):
    """What is counted of a release in a window.

    REQUESTS: that it was given; REFUSED: those of them that were the caller's fault (4xx), which say nothing of it;
    ERRORS: answered 5xx, timed out, or with an output that cannot be. Where a subject sticks to a release, the subjects
    with a first error, as one subject's requests fail together
    THROTTLED: that the account's limits kept from it, not among the requests
    WARM: answered well, and not the first of their environment; SLOW, VERY_SLOW: of the warm ones, above the thresholds
    that were frozen when the rollout began; DURATION_MS: of all answers together
    STARTED: environments that answered for the first time
    PAIRS, DISAGREEMENTS: inputs that both releases were asked, and those that they answered differently
    """

    REQUESTS = 0
    REFUSED = 1
    ERRORS = 2
    THROTTLED = 3
    WARM = 4
    SLOW = 5
    VERY_SLOW = 6
    DURATION_MS = 7
    STARTED = 8
    PAIRS = 9
    DISAGREEMENTS = 10


KINDS = len(Kind)


@dataclass(frozen=True)
class Window:
    """start_s: a multiple of the policy's window_s, in seconds since 1970; weight: the candidate's share of the traffic
    during all of it, NaN if it changed meanwhile, [...]; counts: [..., 2, F]"""

    start_s: int
    weight: Floats
    counts: Ints

    def joined(self, other: "Window") -> "Window":
        """What is known of the window from both. Told with two weights, it is one in which the weight changed."""
        weight = np.where(self.weight == other.weight, self.weight, np.nan)
        return replace(self, weight=weight, counts=np.maximum(self.counts, other.counts))

    def same(self, other: "Window") -> bool:
        same_weight = np.array_equal(self.weight, other.weight, equal_nan=True)
        return same_weight and np.array_equal(self.counts, other.counts)


@dataclass(frozen=True)
class Check:
    """Golden rows that were replayed on both releases at `at_s`. made: whether they were at all; failed, others_failed:
    the candidate's, the baseline's; all of them [...]"""

    at_s: float
    failed: NDArray[np.bool_]
    others_failed: NDArray[np.bool_]
    made: NDArray[np.bool_]


@dataclass(frozen=True)
class Measurement:
    """What was read at `read_at_s`. complete_until_s: the time up to which the candidate's counts are complete, and the
    baseline's: a window that ends before it and is not told had no traffic."""

    read_at_s: float
    complete_until_s: tuple[float, float]
    windows: tuple[Window, ...] = ()
    checks: tuple[Check, ...] = ()


def counts_of(
    candidate: Mapping[str, int], baseline: Mapping[str, int], labels: int = 0, **answers: Iterable[int]
) -> Ints:
    """Counts [2, F] by the names of the kinds in lower case, such as requests=90, and each side's answers by label."""
    counts = np.zeros((2, KINDS + labels), np.int64)
    for side, told in enumerate((candidate, baseline)):
        for name, count in told.items():
            counts[side, Kind[name.upper()]] = count
    for side, name in enumerate(("candidate_answers", "baseline_answers")):
        counts[side, KINDS:] = list(answers.get(name, [0] * labels))
    return counts


def measured(told: Mapping[str, Any]) -> Measurement:
    """The measurement of one rollout that `as_told` told."""
    candidate_s, baseline_s = told["complete_until_s"]
    return Measurement(
        told["read_at_s"],
        (candidate_s, baseline_s),
        tuple(_window(window) for window in told["windows"]),
        tuple(check_of(**check) for check in told["checks"]),
    )


def as_told(measurement: Measurement) -> dict[str, Any]:
    """The measurement of one rollout, for JSON."""
    return {
        "read_at_s": measurement.read_at_s,
        "complete_until_s": list(measurement.complete_until_s),
        "windows": [
            {"start_s": window.start_s, "weight": _shown(window.weight), "counts": window.counts.tolist()}
            for window in measurement.windows
        ],
        "checks": [
            {"at_s": check.at_s, "failed": bool(check.failed), "others_failed": bool(check.others_failed)}
            for check in measurement.checks
        ],
    }


def check_of(at_s: float, *, failed: bool, others_failed: bool = False) -> Check:
    """One replay of the golden rows of the candidate, and of the baseline."""
    return Check(at_s, np.asarray(failed), np.asarray(others_failed), np.asarray(True))


def _window(told: Mapping[str, Any]) -> Window:
    weight = np.nan if told["weight"] is None else told["weight"]
    return Window(told["start_s"], np.asarray(weight, np.float64), np.asarray(told["counts"], np.int64))


def _shown(weight: Floats) -> float | None:
    return None if np.isnan(weight) else float(weight)
