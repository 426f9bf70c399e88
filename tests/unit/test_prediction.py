"""Answers of models, and the order of their labels."""

from itertools import permutations

import numpy as np
import pytest

from serinus.prediction import Classes

LABELS = ("a", "b", "c")
ANSWERS = Classes(LABELS, np.array([1, 2]), np.array([[0.1, 0.7, 0.2], [0.3, 0.1, 0.6]], np.float32))


def by_name(classes: Classes) -> list[dict[str, float]]:
    return [dict(zip(classes.labels, row, strict=True)) for row in classes.probabilities.tolist()]


def test_the_confidence_is_the_probability_of_the_predicted_class():
    assert ANSWERS.confidence.tolist() == np.array([0.7, 0.6], np.float32).tolist()


@pytest.mark.parametrize("labels", list(permutations(LABELS)), ids="".join)
def test_in_another_order_every_name_keeps_its_probability_and_the_winner_its_name(labels):
    answers = ANSWERS.in_order(labels)
    assert answers.labels == labels
    assert by_name(answers) == by_name(ANSWERS)
    assert [labels[i] for i in answers.ids] == ["b", "c"]
    assert answers.confidence.tolist() == ANSWERS.confidence.tolist()


def test_there_and_back_again_changes_nothing():
    again = ANSWERS.in_order(("c", "a", "b")).in_order(LABELS)
    assert again.ids.tolist() == ANSWERS.ids.tolist()
    assert again.probabilities.tolist() == ANSWERS.probabilities.tolist()
