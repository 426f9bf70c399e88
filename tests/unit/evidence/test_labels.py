"""Answers of both sides by their label: whether they answer alike, whatever the shares of the labels are."""

import numpy as np
import pytest

from serinus.evidence import LABEL_RATIOS, labels_coin, labels_log_e
from tests.unit.evidence import by_hand

LABELS = 3
WEIGHTS = [0.1, 0.1, 0.5, 0.9]
SHARES = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.98, 0.01, 0.01], [1 / 3, 1 / 3, 1 / 3]])


def on_label(labels: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Single answers as counts by label, [..., LABELS]."""
    return np.eye(LABELS)[labels] * sides[..., None]


@pytest.mark.parametrize("weights", [[0.1] * 40, [0.1] * 20 + [0.5] * 20], ids=["one weight", "two steps"])
def test_the_evidence_is_a_product_over_labels_of_means_over_ratios(weights):
    rng = np.random.default_rng(6)
    labels, sides = rng.integers(0, LABELS, 40), rng.integers(0, 2, 40)
    expected = 0.0
    for label in range(LABELS):
        theirs, then = sides[labels == label], np.array(weights)[labels == label]
        expected += by_hand.log_of(by_hand.mean(by_hand.coin(theirs, then, ratio) for ratio in LABEL_RATIOS))
    log_ratios = labels_coin(on_label(labels, sides), on_label(labels, 1 - sides), np.array(weights)).sum(axis=0)
    assert labels_log_e(log_ratios) == pytest.approx(expected, abs=1e-11)


def test_answering_alike_is_a_fair_game_whatever_the_labels_shares_are():
    answers = by_hand.outcomes(2 * LABELS, len(WEIGHTS))
    labels, sides = answers // 2, answers % 2
    weights = np.array(WEIGHTS)
    chances = np.prod(SHARES[range(4), labels] * np.where(sides == 1, weights, 1 - weights), axis=-1)
    e = np.exp(labels_log_e(labels_coin(on_label(labels, sides), on_label(labels, 1 - sides), weights).sum(axis=1)))
    assert chances @ e == pytest.approx(1, abs=1e-12)


def test_labels_nobody_answers_say_nothing():
    two, five = np.array([9.0, 1.0]), np.array([9.0, 1.0, 0.0, 0.0, 0.0])
    expected = labels_log_e(labels_coin(two, two[::-1], 0.3))
    assert labels_log_e(labels_coin(five, np.array([1.0, 9.0, 0.0, 0.0, 0.0]), 0.3)) == pytest.approx(
        expected, abs=1e-12
    )


@pytest.mark.parametrize(("events", "weight"), [((40.0, 0.0), 1.0), ((0.0, 40.0), 0.0)], ids=["candidate", "baseline"])
def test_the_side_that_has_all_the_traffic_gives_no_evidence(events, weight):
    candidate, baseline = (np.full(LABELS, count) for count in events)
    assert labels_log_e(labels_coin(candidate, baseline, weight)) == pytest.approx(0, abs=1e-12)


def test_answers_that_are_shared_out_otherwise_speak_up():
    baseline = np.array([450.0, 270.0, 180.0])
    alike, swapped = labels_log_e(labels_coin(np.array([[50.0, 30.0, 20.0], [20.0, 30.0, 50.0]]), baseline, 0.1))
    assert alike < 0 < np.log(1000) < swapped
