"""How good risks are: do they rank patients, do they mean what they say, and for whom do they less."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

Truth = NDArray[np.bool_]
Risks = NDArray[np.float64]
BINS = 10
FEWEST = 20  # of each outcome: fewer say nothing of a group


@dataclass(frozen=True)
class Bin:
    """Visits of alike risk: how high it was said to be on average, and how many were interrupted."""

    visits: int
    predicted: float
    observed: float


def performance(truth: Truth, risks: Risks) -> dict[str, float]:
    """The figures of metadata.json; accuracy, precision, recall and f1_score judge the label, given from 0.5 on."""
    label = risks >= 0.5
    precision, recall, f1, _ = precision_recall_fscore_support(truth, label, average="binary", zero_division=0.0)
    figures = {
        "roc_auc": roc_auc_score(truth, risks),
        "pr_auc": average_precision_score(truth, risks),
        "brier": brier_score_loss(truth, risks),
        "log_loss": log_loss(truth, risks),
        "ece": expected_calibration_error(reliability(truth, risks)),
        "accuracy": accuracy_score(truth, label),
        "precision": precision,
        "recall": recall,
        "f1_score": f1,
    }
    return {name: round(float(figure), 4) for name, figure in figures.items()}


def reliability(truth: Truth, risks: Risks) -> list[Bin]:
    """Ten bins of as many visits each, from the lowest risk to the highest."""
    bins = [places for places in np.array_split(np.argsort(risks, kind="stable"), BINS) if len(places)]
    return [Bin(len(places), float(risks[places].mean()), float(truth[places].mean())) for places in bins]


def expected_calibration_error(bins: list[Bin]) -> float:
    """By how much what was said and what was seen differ, on the average over all visits."""
    return sum(one.visits * abs(one.predicted - one.observed) for one in bins) / sum(one.visits for one in bins)


def by_group(truth: Truth, risks: Risks, groups: NDArray[Any]) -> dict[str, dict[str, float | int | None]]:
    """The same of every group of patients; no roc_auc where it has too few of either outcome."""
    return {str(group): _of(truth[groups == group], risks[groups == group]) for group in sorted(set(groups.tolist()))}


def by_band(truth: Truth, risks: Risks, bands: Mapping[str, float]) -> dict[str, dict[str, float | int | None]]:
    """How many visits each band holds, and what followed them; `bands`: the least risk of each."""
    names = sorted(bands, key=lambda name: bands[name])
    number = np.searchsorted([bands[name] for name in names], risks, side="right") - 1
    return {name: _of(truth[number == place], risks[number == place]) for place, name in enumerate(names)}


def table(bins: list[Bin]) -> list[dict[str, float]]:
    return [{name: round(value, 4) for name, value in asdict(one).items()} for one in bins]


def _of(truth: Truth, risks: Risks) -> dict[str, float | int | None]:
    if not len(truth):
        return {"visits": 0, "predicted": None, "observed": None, "roc_auc": None}
    enough = min(truth.sum(), (~truth).sum()) >= FEWEST
    return {
        "visits": len(truth),
        "predicted": round(float(risks.mean()), 4),
        "observed": round(float(truth.mean()), 4),
        "roc_auc": round(float(roc_auc_score(truth, risks)), 4) if enough else None,
    }
