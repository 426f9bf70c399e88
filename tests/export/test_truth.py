"""Which class a file means by what stands in its column of the truth; never the wrong one in silence."""

from typing import Any

import numpy as np
import pytest

from export.errors import ExportError
from export.truth import class_ids, true_values


@pytest.mark.parametrize(
    ("truth", "labels"),
    [
        (["quiet", "active", "quiet"], ("quiet", "active")),
        ([0, 1, 0], ("quiet", "active")),
        ([0.0, 1.0, 0.0], ("0", "1")),
        (["1", "2", "1"], ("1", "2")),
        ([1, 2, 1], ("1.0", "2.0")),
        ([False, True, False], ("False", "True")),
    ],
    ids=["names", "numbers", "floats", "names that are numbers", "integers", "truth values"],
)
def test_classes_are_told_by_name_or_by_number(truth: Any, labels: tuple[str, ...]) -> None:
    assert class_ids(np.array(truth), labels, "here").tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("truth", "labels", "message"),
    [
        (["quiet", "calm"], ("quiet", "active"), "here: the truth of row 1 is 'calm', expected one of 'quiet', 'act"),
        ([1, 2], ("a", "b"), "row 0 is '1'"),
        ([1, 1], ("a", "b"), "row 0 is '1'"),
        ([0, 1, 2], ("1", "2", "3"), "row 0 is '0', expected one of '1', '2', '3'"),
        (["quiet", None], ("quiet", "active"), "row 1 is 'None'"),
        ([0, np.nan, 1], ("quiet", "active"), "row 0 is '0'"),
    ],
    ids=["another name", "counted from 1", "a class missing", "a number that is a name", "missing", "NaN"],
)
def test_what_could_be_misread_is_refused(truth: Any, labels: tuple[str, ...], message: str) -> None:
    with pytest.raises(ExportError, match=message):
        class_ids(np.array(truth), labels, "here")


def test_values_are_finite_numbers() -> None:
    assert true_values(np.array([1, 2]), "here").tolist() == [1.0, 2.0]
    with pytest.raises(ExportError, match="here: the truth of row 1 is nan, expected a finite number"):
        true_values(np.array([1.0, np.nan]), "here")
    with pytest.raises(ExportError, match="the truth must be numbers, got <U1"):
        true_values(np.array(["a"]), "here")
