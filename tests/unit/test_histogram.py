"""Counting in bins that never move: open ends, a place for what fits nowhere, and sums in any order."""

import json
import math
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.histogram import INVALID, MISSING, Histogram
from serinus.reference import binned

CLASSES = Histogram(("a", "b", "c", INVALID), None, (5, 3, 2, 0))
TENTHS = Histogram(("b0", "b1", "b2", MISSING), (-1.0, 1.0), (1, 2, 3, 4))
anything = st.lists(st.floats(width=32), max_size=60).map(np.float32)


def test_values_are_counted_in_bins_closed_above():
    assert TENTHS.counted(np.float32([-1, -0.5, 1, 1.5])).counts == (1, 2, 1, 0)


def test_what_lies_beyond_all_that_was_seen_lands_in_the_open_ends():
    assert TENTHS.counted(np.float32([-3e38, 3e38, 1e9])).counts == (1, 0, 2, 0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e39], ids=["nan", "inf", "-inf", "beyond float32"])
def test_what_is_no_number_is_counted_in_the_last_bin(value):
    assert TENTHS.counted(np.array([value, 0.0])).counts == (0, 1, 0, 1)


def test_classes_are_counted_by_place_and_others_in_the_last_bin():
    assert CLASSES.counted(np.array([0, 2, 2, -1, 3, 99])).counts == (1, 0, 2, 3)


@given(anything)
def test_nothing_is_dropped(values):
    assert TENTHS.counted(values).total == len(values)


@given(anything)
def test_numbers_fall_where_the_reference_was_counted(values):
    numbers = values[np.isfinite(values)]
    assert TENTHS.counted(numbers).counts[:-1] == tuple(binned(numbers, np.float32(TENTHS.edges)).tolist())


@given(anything)
def test_bins_do_not_move_with_what_is_counted(values):
    assert TENTHS.counted(values).has_bins_of(TENTHS)


@given(st.lists(anything, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_parts_add_up_to_the_whole_in_any_order(parts, random):
    shuffled = random.sample(parts, len(parts))
    assert reduce(add, map(TENTHS.counted, shuffled)) == TENTHS.counted(np.concatenate(parts))


def test_counts_of_the_log_find_their_bins():
    assert CLASSES.told({"c": 7, "a": 1}).counts == (1, 0, 7, 0)


def test_a_count_of_no_known_bin_is_refused():
    with pytest.raises(ValueError, match="expected counts of a, b, c, got one of 'd'"):
        CLASSES.told({"a": 1, "d": 1})


@pytest.mark.parametrize("histogram", [CLASSES, TENTHS], ids=["classes", "bins"])
def test_a_histogram_comes_back_from_json(histogram):
    assert Histogram.from_dict(json.loads(json.dumps(histogram.to_dict()))) == histogram


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"counts": (1, 2, -3, 0)}, r"whole numbers from 0 on, got -3"),
        ({"counts": (1, 2, math.nan, 0)}, r"whole numbers from 0 on, got nan"),
        ({"counts": (1, 2, 3)}, r"a count for each of 2 bins or more"),
        ({"edges": (1.0,)}, r"expected 2 edges between 3 bins, got \(1\.0,\)"),
        ({"edges": (1.0, 0.0)}, r"numbers and ascend, got \(1\.0, 0\.0\)"),
        ({"edges": (0.0, math.nan)}, r"numbers and ascend, got \(0\.0, nan\)"),
        ({"edges": (0.0, math.inf)}, r"numbers and ascend, got \(0\.0, inf\)"),
    ],
    ids=["negative", "nan", "too few counts", "too few edges", "descending", "nan edge", "infinite edge"],
)
def test_what_is_no_histogram_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Histogram(**{"names": TENTHS.names, "edges": TENTHS.edges, "counts": TENTHS.counts, **change})


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({}, "expected lists of names, edges and counts"),
        ({"names": ["a", "b"], "edges": None, "counts": [1, "2"]}, "nothing but int, got '2'"),
        ({"names": ["a", 1], "edges": None, "counts": [1, 2]}, "nothing but str, got 1"),
        ({"names": ["a", "b", "c"], "edges": [None], "counts": [1, 2, 3]}, "nothing but float, got None"),
    ],
    ids=["nothing", "text for a count", "a number for a name", "no edge"],
)
def test_a_dict_of_something_else_is_refused(told, message):
    with pytest.raises(ValueError, match=message):
        Histogram.from_dict(told)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((2, 2), np.int64), r"one column of values, got shape \(2, 2\)"),
        (np.zeros(2, np.float32), "whole numbers, got float32"),
    ],
    ids=["a table", "probabilities"],
)
def test_columns_that_are_no_classes_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        CLASSES.counted(values)


def test_histograms_of_other_bins_do_not_add_up():
    moved = Histogram(TENTHS.names, (-1.0, 2.0), TENTHS.counts)
    with pytest.raises(ValueError, match=r"edges \(-1\.0, 1\.0\), got .* with \(-1\.0, 2\.0\)"):
        TENTHS + moved
