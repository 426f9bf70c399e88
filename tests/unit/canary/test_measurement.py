"""A window is what all who told of it know, in whatever order they told."""

import json
from itertools import permutations

import numpy as np
import pytest

from serinus.canary.measurement import (
    BASELINE,
    CANDIDATE,
    KINDS,
    Kind,
    Measurement,
    Window,
    as_told,
    check_of,
    counts_of,
    measured,
)

ONE = counts_of({"requests": 7, "errors": 1}, {"requests": 60}, 2, candidate_answers=(4, 2), baseline_answers=(40, 20))
OTHER = counts_of({"requests": 9}, {"requests": 55}, 2, candidate_answers=(5, 4), baseline_answers=(30, 25))


def window(counts: np.ndarray, weight: float = 0.1) -> Window:
    return Window(600, np.asarray(weight), counts)


def test_counts_are_told_by_name_and_answers_come_last() -> None:
    counts = counts_of({"requests": 3, "started": 1}, {"slow": 2}, 2, baseline_answers=[8, 9])
    assert counts.shape == (2, KINDS + 2)
    assert counts[CANDIDATE].nonzero()[0].tolist() == [Kind.REQUESTS, Kind.STARTED]
    assert counts[BASELINE, Kind.SLOW] == 2
    assert counts[BASELINE, KINDS:].tolist() == [8, 9]


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KeyError, match="FAILURES"):
        counts_of({"failures": 1}, {})


def test_a_window_that_was_still_counted_is_the_larger_of_what_was_told() -> None:
    joined = window(ONE).joined(window(OTHER)).counts
    assert joined[:, Kind.REQUESTS].tolist() == [9, 60]
    assert joined[CANDIDATE, Kind.ERRORS] == 1
    assert joined[:, KINDS:].tolist() == [[5, 4], [40, 25]]


def test_sides_that_are_told_apart_make_the_whole() -> None:
    candidate, baseline = ONE.copy(), ONE.copy()
    candidate[BASELINE], baseline[CANDIDATE] = 0, 0
    assert window(baseline).joined(window(candidate)).same(window(ONE))


@pytest.mark.parametrize(
    ("weights", "weight"),
    [
        pytest.param((0.1, 0.1, 0.1), 0.1, id="one weight"),
        pytest.param((0.1, np.nan, 0.1), np.nan, id="changed meanwhile"),
        pytest.param((0.1, 0.5, 0.1), np.nan, id="two weights"),
        pytest.param((0.1, 0.5, 0.5), np.nan, id="two weights, the last one twice"),
    ],
)
def test_a_window_has_the_weight_that_all_tell_of_it_in_any_order(weights: tuple[float, ...], weight: float) -> None:
    for first, *others in permutations(weights):
        joined = window(ONE, first)
        for other in others:
            joined = joined.joined(window(ONE, other))
        assert joined.same(window(ONE, weight))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(window(ONE.copy()), True, id="told twice"),
        pytest.param(window(OTHER), False, id="other counts"),
        pytest.param(window(ONE, 0.5), False, id="another weight"),
        pytest.param(window(ONE, np.nan), False, id="a weight that changed"),
    ],
)
def test_a_window_is_the_same_if_nothing_more_is_told(other: Window, same: bool) -> None:
    assert window(ONE).same(other) is same


def test_a_measurement_is_told_as_json_and_read_back_exactly() -> None:
    checks = (check_of(650.5, failed=True), check_of(655.5, failed=False, others_failed=True))
    whole = Measurement(661.25, (660.0, 650.0), (window(ONE), Window(610, np.asarray(np.nan), OTHER)), checks)
    told = json.dumps(as_told(whole), allow_nan=False)
    read = measured(json.loads(told))
    assert json.dumps(as_told(read)) == told
    assert (read.read_at_s, read.complete_until_s) == (661.25, (660.0, 650.0))
    assert all(one.same(other) for one, other in zip(read.windows, whole.windows, strict=True))
    assert [(bool(check.failed), bool(check.others_failed), bool(check.made)) for check in read.checks] == [
        (True, False, True),
        (False, True, True),
    ]
