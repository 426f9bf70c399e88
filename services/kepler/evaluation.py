"""How good a classifier is: the figures of metadata.json, and the confusion matrix behind them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from services.kepler.classifiers import Classifier, Shares, Train
from services.kepler.light_curves import LABELS, LightCurves

Matrix = NDArray[np.int64]


@dataclass(frozen=True)
class Evaluation:
    """performance: accuracy, and precision, recall, f1_score (macro) and roc_auc (one class against the rest).

    confusion: [3, 3] counts, rows the true and columns the predicted class, in the order of LABELS
    """

    performance: dict[str, float]
    confusion: Matrix


def evaluate(labels: NDArray[np.int64], shares: Shares) -> Evaluation:
    """Judge probabilities `shares` [N, 3] of curves whose true `labels` [N] are known."""
    predicted = shares.argmax(axis=1)
    precision, recall, f1, _ = precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0.0)
    sums = shares.sum(axis=1, keepdims=True)  # float32 shares may miss 1 by more than scikit-learn lets pass
    performance = {
        "accuracy": accuracy_score(labels, predicted),
        "precision": precision,
        "recall": recall,
        "f1_score": f1,
        "roc_auc": roc_auc_score(labels, shares.astype(np.float64) / sums, multi_class="ovr"),
    }
    matrix = confusion_matrix(labels, predicted, labels=range(len(LABELS)))
    return Evaluation({name: round(float(figure), 4) for name, figure in performance.items()}, matrix)


def held_out(classifier: Classifier, curves: LightCurves) -> Evaluation:
    return evaluate(curves.labels, classifier.shares(curves.flux))


def cross_validated(train: Train, curves: LightCurves, *, folds: int, seed: int) -> Evaluation:
    """Judge every curve by a classifier that was trained without its fold."""
    shares = np.empty((len(curves), len(LABELS)))
    for rest, fold in _folds(curves, folds, seed):
        shares[fold] = train(curves.only(rest), seed).shares(curves.flux[fold])
    return evaluate(curves.labels, shares)


def _folds(curves: LightCurves, folds: int, seed: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    yield from splitter.split(curves.flux, curves.labels)
