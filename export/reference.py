"""What a bundle shall remember of the rows it was exported with: reference.npz, and what metadata.json says of it."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from export import statistics
from export.calibration import calibrated
from export.errors import Refused
from export.golden_rows import spread
from export.npz import packed
from export.original import Original
from export.probes import are_defined
from export.samples import Sample
from export.served import served
from export.statistics import Arrays
from serinus.bundle import REFERENCE
from serinus.metadata import BackgroundSummary, CalibrationSummary, ReferenceSummary
from serinus.prediction import Answers, Classes
from serinus.reference import BINS
from serinus.schema import Rows

MOST = 10_000
BACKGROUND = 100
METHOD = "evenly spaced along the order of the answers"


@dataclass(frozen=True)
class Kept:
    arrays: Arrays = field(default_factory=dict)
    reference: ReferenceSummary | None = None
    calibration: CalibrationSummary | None = None
    background: BackgroundSummary | None = None

    @property
    def summaries(self) -> dict[str, BaseModel | None]:
        return {"reference": self.reference, "calibration": self.calibration, "background": self.background}

    @property
    def files(self) -> dict[str, bytes]:
        return {REFERENCE: packed(self.arrays)} if self.arrays else {}


def of_sample(original: Original, model: bytes, sample: Sample, *, background: bool) -> Kept:
    """Statistics of the sample and of the answers of the serialised graph `model`; some of its rows as `background`."""
    taken = np.flatnonzero(are_defined(original, sample.rows))
    if not len(taken):
        raise Refused(
            f"the model answers none of the {len(sample.rows):,} rows of the sample: each holds infinity"
            + ("" if original.nan_policy == "allow" else ", a missing value")
            + " or what it does not know"
        )
    rows = sample.rows[spread(taken, MOST)]
    answers = served(original, model, rows)
    arrays = {**statistics.inputs(rows), **statistics.outputs(answers)}
    summary = ReferenceSummary(
        rows=len(rows), of=len(taken), bins=BINS, source=dict(sample.source), arrays=tuple(arrays)
    )
    kept = Kept(arrays, summary)
    return _with_background(kept, rows, answers) if background else kept


def with_calibration(kept: Kept, original: Original, model: bytes, given: Sample, sample: Sample | None) -> Kept:
    """`kept`, and how wrong the graph is on the `given` rows of known truth."""
    scores, summary = calibrated(original, model, given, sample)
    return replace(kept, arrays={**kept.arrays, "calibration_scores": scores}, calibration=summary)


def _with_background(kept: Kept, rows: Rows, answers: Answers) -> Kept:
    """Rows whose answers are spread as the sample's are, so that their mean is a fair thing to explain against."""
    chosen = rows[np.sort(spread(_order(answers), BACKGROUND))]
    summary = BackgroundSummary(rows=len(chosen), of=len(rows), method=METHOD, arrays=("background_rows",))
    return replace(kept, arrays={**kept.arrays, "background_rows": chosen}, background=summary)


def _order(answers: Answers) -> NDArray[np.intp]:
    if isinstance(answers, Classes):
        return np.lexsort((answers.confidence, answers.ids))
    return np.argsort(answers.values, kind="stable")
