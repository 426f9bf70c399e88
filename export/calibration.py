"""How wrong the bundle's answers are on rows of known truth: what intervals and sets of classes are later made from."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from export.errors import Refused
from export.original import Original
from export.probes import are_defined
from export.samples import Sample
from export.served import labels, served
from export.truth import class_ids, true_values
from serinus.metadata import CalibrationSummary
from serinus.prediction import Answers, Classes, Values
from serinus.schema import Rows

MOST = 2_000
LEAST = 19  # with fewer, not even the largest error seen bounds 19 of 20
SEED = 0
TOLD = "told at export; which rows the model was trained on cannot be seen from here"
Scores = NDArray[np.float64]


def with_known_truth(original: Original, given: Sample) -> Sample:
    """`given`, its truth as class ids or values; refused before anything long is done with it."""
    if given.truth is None:
        raise Refused("calibration needs the truth: name its column with --target, or give an .npz file with X and y")
    if labels(original):
        return replace(given, truth=class_ids(given.truth, labels(original), "the calibration set"))
    return replace(given, truth=true_values(given.truth, "the calibration set"))


def calibrated(
    original: Original, model: bytes, given: Sample, sample: Sample | None
) -> tuple[Scores, CalibrationSummary]:
    """Scores of the `given` rows of known truth, ascending, and what is to be said of them."""
    taken = np.flatnonzero(are_defined(original, given.rows))
    if len(taken) < LEAST:
        raise Refused(f"calibration needs at least {LEAST} rows that the model takes, got {len(taken)}")
    drawn = taken
    if len(taken) > MOST:
        drawn = np.random.default_rng(SEED).choice(taken, MOST, replace=False)
    answers = served(original, model, given.rows[drawn])
    return np.sort(_scores(answers, np.asarray(given.truth)[drawn])), CalibrationSummary(
        score="1 - probability of the true class" if isinstance(answers, Classes) else "absolute residual",
        rows=len(drawn),
        of=len(taken),
        also_in_sample=None if sample is None else _shared(given.rows[taken], sample.rows),
        held_out=TOLD,
        source=dict(given.source),
        arrays=("calibration_scores",),
    )


def _scores(answers: Answers, truth: NDArray[np.generic]) -> Scores:
    if isinstance(answers, Values):
        return np.asarray(np.abs(truth.astype(np.float64) - answers.values))
    of_true = np.take_along_axis(answers.probabilities, truth[:, None].astype(np.int64), axis=1)[:, 0]
    return 1 - of_true.astype(np.float64)


def _shared(rows: Rows, sample: Rows) -> int:
    seen = {hash(row.tobytes()) for row in sample}  # a large sample may be too large to hold twice
    return sum(hash(row.tobytes()) in seen for row in rows)
