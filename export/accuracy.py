"""The gate of a graph that was made smaller: what that costs on the sample, and whether it may cost that."""

from dataclasses import dataclass

import numpy as np

from export.errors import Refused
from export.gate import Proof
from export.golden_rows import LEAST, spread
from export.original import Original
from export.probes import Probes, are_defined
from export.samples import Sample
from export.served import Progress, labels, native, served
from serinus.golden import Comparison, Natives, compare
from serinus.metadata import Method, Parity, Quantization

MOST = 10_000
MOVED = 0.01  # of the spread of the values: a value that moves by more counts as a label that flips


@dataclass(frozen=True)
class Smaller:
    """How to make a graph smaller, and how many labels of the sample may become others by that."""

    method: Method
    max_flips: int = 0


@dataclass(frozen=True)
class Proven:
    """A graph, and how it compares with its original; proof: on the probes, or, of a smaller graph, on the sample."""

    original: Original
    model: bytes
    proof: Proof
    quantization: Quantization | None = None

    @property
    def parity(self) -> Parity:
        """As the gate saw it; of a smaller graph with the flips the exact one would be refused for."""
        if self.quantization is None or not labels(self.original):
            return self.proof.parity
        return self.proof.parity.model_copy(update={"label_flips": self.quantization.flips})


def shrunk(proven: Proven, sample: Sample, wanted: Smaller, progress: Progress) -> Proven:
    """The graph made smaller; Refused when that saves nothing or costs more than is wanted."""
    from export.quantize import quantized  # here, so that a missing onnx is reported as such

    original, exact = proven.original, proven.proof
    model = quantized(proven.model, wanted.method)
    tried = _tried(original, sample, wanted.method)
    natives, answers = native(original, tried.rows, progress), served(original, model, tried.rows, progress)
    seen = compare(natives, answers, exact.comparison.tolerance)
    cost = Quantization(
        method=wanted.method,
        rows=len(natives),
        flips=_flips(original, natives, seen),
        max_difference=seen.worst,
        bytes_before=len(proven.model),
        bytes_after=len(model),
        exact=exact.parity,
    )
    _check(cost, wanted, "labels" if labels(original) else f"values by more than {MOVED:.0%} of their spread")
    proof = Proof(tried, natives, compare(natives, answers, _tolerance(original, seen)), exact.runtime)
    return Proven(original, model, proof, cost)


def _tried(original: Original, sample: Sample, method: Method) -> Probes:
    taken = spread(np.flatnonzero(are_defined(original, sample.rows)), MOST)
    if len(taken) < LEAST:
        raise Refused(f"{method} is judged on {LEAST} rows at least, and the model takes {len(taken)} of the sample's")
    return Probes(sample.rows[taken], np.full(len(taken), "sample"))


def _flips(original: Original, natives: Natives, seen: Comparison) -> int:
    if not np.isfinite(seen.worst):
        raise Refused(f"made smaller, the model answers no number on {np.isinf(seen.differences).sum():,} rows")
    moved = seen.differences > max(MOVED * float(natives.std()), seen.tolerance)
    return int((seen.flips if labels(original) else moved).sum())


def _check(cost: Quantization, wanted: Smaller, what: str) -> None:
    if cost.flips > wanted.max_flips:
        raise Refused(
            f"{cost.method} would change {cost.flips:,} of {cost.rows:,} {what}, with differences up to "
            f"{cost.max_difference:.3g}, to go from {cost.bytes_before:,} to {cost.bytes_after:,} bytes; "
            f"--max-flips {wanted.max_flips} allows no more than {wanted.max_flips:,}. Nothing was written."
        )


def _tolerance(original: Original, seen: Comparison) -> float:
    """What was seen, and on top what the exact graph is granted: another machine may round by as much.

    When probabilities differ by d, a label may flip that stood 2d behind.
    """
    return seen.tolerance + (2 if labels(original) else 1) * seen.worst
