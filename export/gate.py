"""The parity gate: the graph must answer as the original does on every probe, or there is no bundle."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.errors import ExportError, Refused
from export.original import Original
from export.probes import Probes
from export.served import Progress, labels, native, served
from serinus.golden import Comparison, Natives, compare
from serinus.metadata import Parity
from serinus.prediction import Answers, Classes

TOLERANCE = 1e-5
VALUE_RESOLUTION = 1e-6  # relative: what float32 sums of many trees leave of a value
SHOWN_ROWS = 5


@dataclass(frozen=True)
class Proof:
    """What the gate tried, what the original answered, and how far the graph was from it."""

    probes: Probes
    native: Natives
    comparison: Comparison
    runtime: str

    @property
    def parity(self) -> Parity:
        return Parity(
            rows=len(self.native),
            max_difference=self.comparison.worst,
            tolerance=self.comparison.tolerance,
            label_flips=int(self.comparison.flips.sum()),
            ties=int(self.comparison.ties.sum()),
            runtime=self.runtime,
            kinds=dict(sorted(Counter(self.probes.kinds.tolist()).items())),
        )


class ParityFailed(ExportError):
    """The graph answers differently from the original."""

    def __init__(self, proof: Proof, served: Answers) -> None:
        wrong = np.flatnonzero(proof.comparison.wrong)
        kinds = Counter(proof.probes.kinds[wrong].tolist()).most_common()
        lines = [
            f"the converted model differs from the original on {len(wrong):,} of {len(proof.native):,} rows "
            f"({', '.join(f'{count:,} {kind}' for kind, count in kinds)}): by up to {proof.comparison.worst:.3g}, "
            f"tolerance {proof.comparison.tolerance:.3g}; {proof.comparison.flips.sum():,} labels flip. "
            "Nothing was written.",
            *(_shown(row, proof, served) for row in wrong[:SHOWN_ROWS]),
        ]
        super().__init__("\n".join(lines))
        self.proof = proof


def prove(original: Original, model: bytes, tried: Probes, progress: Progress) -> Proof:
    """Run `original` and the serialised graph `model` on the same float32 rows; ParityFailed where they differ."""
    from serinus.session import RUNTIME  # here, so that a missing onnxruntime is reported as such

    answers = native(original, tried.rows, progress)
    defined = _defined(answers, tried)
    tried, answers = tried.taken(defined), answers[defined]
    tolerance = _tolerance(original, answers, tried)
    told_apart = _told_apart(original, answers, tried, tolerance)
    tried, answers = tried.taken(told_apart), answers[told_apart]
    graph = served(original, model, tried.rows, progress)
    comparison = compare(answers, graph, tolerance)
    told = _settled(original, tried, comparison)
    if (comparison.wrong & told).any():
        raise ParityFailed(Proof(tried, answers, comparison, RUNTIME), graph)
    return Proof(tried.taken(told), answers[told], comparison.taken(told), RUNTIME)


def _defined(answers: Natives, tried: Probes) -> NDArray[np.bool_]:
    """Where the original answers with numbers; it may overflow on huge rows, and on no other."""
    finite = np.asarray(np.isfinite(answers).all(axis=1))
    broken = ~finite & (tried.kinds != "huge")
    if broken.any():
        first = int(np.flatnonzero(broken)[0])
        raise Refused(
            f"the original itself answers {answers[first]} on row {first} ({tried.kinds[first]}), and no number on "
            f"{broken.sum():,} rows in all: such a model cannot be served"
        )
    return finite


def _tolerance(original: Original, answers: Natives, tried: Probes) -> float:
    """1e-5 of a probability; of a value, as much of its spread, and no less than float32 sums can tell apart."""
    if labels(original):
        return TOLERANCE
    spread = float(answers[tried.are_typical].std())
    largest = float(np.abs(answers[tried.kinds != "huge"]).max())
    return max(TOLERANCE * max(1.0, spread), VALUE_RESOLUTION * largest)


def _told_apart(original: Original, answers: Natives, tried: Probes, tolerance: float) -> NDArray[np.bool_]:
    """A weighted sum of huge rows is huge: float32 cannot tell it to the tolerance, and that is for the other rows."""
    if labels(original):
        return np.ones(len(answers), bool)
    return np.asarray((tried.kinds != "huge") | (np.abs(answers[:, 0]) * VALUE_RESOLUTION <= tolerance))


def _settled(original: Original, tried: Probes, comparison: Comparison) -> NDArray[np.bool_]:
    """All rows but those that come out otherwise because they hang on a last bit."""
    if original.settled is None or comparison.is_equal:
        return np.ones(len(tried.rows), bool)
    return np.asarray(~comparison.wrong | original.settled(tried.rows))


def _shown(row: int, proof: Proof, served: Answers) -> str:
    answer = served.probabilities[row] if isinstance(served, Classes) else served.values[row]
    with np.printoptions(precision=6, suppress=True, threshold=12):
        return f"  row {row} ({proof.probes.kinds[row]}): original {proof.native[row]}, served {answer}"
