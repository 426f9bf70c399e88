"""Several regressors, one value."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.blend import combine
from serinus.prediction import Values

numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
weight = st.floats(0, 1e300)
models = st.lists(st.tuples(numbers, weight), min_size=1, max_size=12).filter(lambda ms: any(w for _, w in ms))
ways = st.sampled_from(["mean", "median", "weighted"])


def values(*rows: float) -> Values:
    return Values(np.array(rows, np.float32))


def blend(ms, how):
    return combine([values(x) for x, _ in ms], how, [w for _, w in ms])


@given(models, ways, st.randoms(use_true_random=False))
def test_the_order_of_the_models_makes_no_difference(ms, how, random):
    shuffled = random.sample(ms, len(ms))
    one, other = blend(ms, how), blend(shuffled, how)
    assert (one.values[0], one.spread[0]) == (other.values[0], other.spread[0])


@given(models, ways)
def test_a_blend_lies_between_the_least_and_the_most(ms, how):
    one = blend(ms, how)
    assert one.least[0] == min(x for x, _ in ms)
    assert one.most[0] == max(x for x, _ in ms)
    assert one.least[0] <= one.values[0] <= one.most[0]


@given(models)
def test_a_mean_is_numpys_in_float64(ms):
    xs = np.array([x for x, _ in ms], np.float64)
    scale = np.abs(xs).max()
    assert float(blend(ms, "mean").values[0]) == pytest.approx(xs.mean(), rel=2**-24, abs=2**-149 + 1e-15 * scale)


@given(models)
def test_a_median_is_numpys(ms):
    expected = np.float32(np.median(np.array([x for x, _ in ms], np.float64)))
    assert blend(ms, "median").values[0] == expected


@given(models)
def test_a_weighted_mean_is_numpys_in_float64(ms):
    xs, ws = (np.array(column, np.float64) for column in zip(*ms, strict=True))
    expected = np.average(xs, weights=ws / ws.max())
    scale = np.abs(xs).max()
    assert float(blend(ms, "weighted").values[0]) == pytest.approx(expected, rel=2**-24, abs=2**-149 + 1e-15 * scale)


@given(models, ways)
def test_the_spread_is_the_standard_deviation_of_the_models_values(ms, how):
    xs = np.array([x for x, _ in ms], np.float64)
    assert blend(ms, how).spread[0] == pytest.approx(np.std(xs), rel=1e-6, abs=1e-14 * np.abs(xs).max())


@given(st.lists(st.lists(numbers, min_size=9, max_size=9), min_size=2, max_size=20), ways)
def test_rows_are_combined_the_same_alone_and_together(rows, how):
    table = np.array(rows, np.float32)
    weights = [0.1 * (i + 1) for i in range(9)]
    together = combine([Values(column) for column in table.T], how, weights)
    for i, row in enumerate(table):
        alone = combine([values(x) for x in row], how, weights)
        assert (alone.values[0], alone.spread[0]) == (together.values[i], together.spread[i])


@given(numbers, st.integers(1, 9), ways)
def test_models_that_agree_are_not_rounded_apart(x, count, how):
    one = blend([(x, 0.1)] * count, how)
    assert (one.values[0], one.spread[0]) == (np.float32(x), 0)


@pytest.mark.parametrize("how", ["mean", "median", "weighted"])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_model_without_a_finite_number_is_never_hidden(how, bad):
    one = combine([values(1, 1), values(2, bad), values(3, 3)], how, [1, 0, 1])
    for numbers in (one.values, one.spread, one.least, one.most):
        assert np.isnan(numbers).tolist() == [False, True]


def test_no_weight_counts_unless_the_mean_is_weighted():
    answers = [values(0), values(10)]
    assert combine(answers, "mean", [1, 3]).values.tolist() == [5]
    assert combine(answers, "weighted", [1, 3]).values.tolist() == [7.5]


def test_values_as_large_as_they_get_do_not_overflow():
    most = float(np.finfo(np.float32).max)
    one = combine([values(most), values(most), values(-most)], "mean")
    assert one.values[0] == pytest.approx(most / 3, rel=1e-6)
    assert one.spread[0] == pytest.approx(most * math.sqrt(8 / 9), rel=1e-6)


@pytest.mark.parametrize("weights", [None, [1], [0, 0], [1, -1], [1, math.nan], [1, math.inf]])
def test_weights_that_weigh_nothing_are_refused(weights):
    with pytest.raises(ValueError, match="expected a weight for each of 2 models, some above 0"):
        combine([values(1), values(2)], "weighted", weights)
