"""A regressor's values, counted by the tenths of what it answered to its sample."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.statistics import edges_of
from serinus.bins import NAMES, Bins
from serinus.errors import BundleError
from serinus.predictor import Predictor
from serinus.reference import binned
from tests.bundles import write_bundle, write_regressor
from tests.tenths import with_edges

numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)


def test_values_are_counted_by_the_bins_of_the_sample(tmp_path):
    bins = Bins.of(with_edges(write_regressor(tmp_path), [*range(9)]))
    assert bins.counts(np.float32([-100, 0, 0.5, 8, 8.1, 1e30])) == {"b0": 2, "b1": 1, "b8": 1, "b9": 2}
    assert bins.counts(np.float32([3])) == {"b3": 1}
    assert bins.counts(np.float32([])) == {}


def test_a_loaded_model_has_the_bins_of_its_bundle(tmp_path):
    bundle = with_edges(write_regressor(tmp_path), [*range(9)])
    assert Bins.of(Predictor(bundle)).edges.tolist() == Bins.of(bundle).edges.tolist() == [*range(9)]


@given(st.lists(numbers, min_size=1, max_size=50), st.lists(numbers, min_size=1, max_size=20))
def test_bins_are_those_that_the_reference_was_counted_by(sample, values):
    edges = edges_of(np.float32(sample))
    counted = Bins(edges).counts(np.float32(values))
    assert [counted.get(name, 0) for name in NAMES] == binned(np.float32(values), edges).tolist()
    assert sum(sum(Bins(edges).counts(np.float32([value])).values()) for value in values) == len(values)


def test_without_a_sample_all_values_are_of_one_bin(tmp_path):
    bins = Bins.of(write_regressor(tmp_path))
    assert bins.counts(np.float32([1, 2])) == {"": 2}
    assert bins.counts(np.float32([])) == {}


def test_a_classifier_is_counted_by_its_classes(tmp_path):
    assert not len(Bins.of(with_edges(write_bundle(tmp_path), [*range(9)])).edges)


@pytest.mark.parametrize("edges", [[1, 0, *range(2, 9)], [0, math.nan, *range(2, 9)]], ids=["descend", "no number"])
def test_edges_that_part_nothing_are_refused(tmp_path, edges):
    with pytest.raises(BundleError, match="output_edges must ascend"):
        Bins.of(with_edges(write_regressor(tmp_path), edges))


def test_few_different_values_have_a_bin_each(tmp_path):
    edges = edges_of(np.float32([1, 2, 3]))
    assert Bins(edges).counts(np.float32([1, 2, 3, 4])) == {"b0": 1, "b1": 1, "b2": 2}
