"""Distances between histograms: against scipy, against published numbers, and what they cannot see."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, norm

from serinus.distance import js, kinds, kl, kl_plain, psi, tv
from serinus.evidence import divergence
from serinus.histogram import INVALID, Histogram

MANY = 10**8  # answers, so many that chance and smoothing are nothing
DECILES = norm.ppf(np.arange(1, 10) / 10)
counts = st.lists(st.integers(0, 500), min_size=4, max_size=4)


def of(*answers: int) -> Histogram:
    return Histogram(tuple(f"class {place}" for place in range(len(answers))), None, answers)


def shared(*shares: float) -> Histogram:
    return of(*(round(share * MANY) for share in shares))


def moved(sd: float) -> Histogram:
    """N(sd, 1) in the deciles of N(0, 1)."""
    return shared(*np.diff(norm.cdf([-math.inf, *(DECILES - sd), math.inf])))


def smoothed(answers: list[int]) -> np.ndarray:
    return (np.array(answers) + 0.5) / (sum(answers) + len(answers) / 2)


def test_kl_is_that_of_the_smoothed_shares_less_what_chance_adds():
    now, then = [5, 0, 12, 3], [40, 30, 20, 10]
    chance = 3 / 2 * (1 / 20 + 1 / 100)
    assert kl(of(*now), of(*then)) == pytest.approx(entropy(smoothed(now), smoothed(then)) - chance)


def test_kl_has_a_direction():
    now, then = [5, 0, 12, 3], [40, 30, 20, 10]
    chance = 3 / 2 * (1 / 20 + 1 / 100)
    assert kl(of(*then), of(*now)) == pytest.approx(entropy(smoothed(then), smoothed(now)) - chance)
    assert kl(of(*then), of(*now)) != pytest.approx(kl(of(*now), of(*then)), rel=0.1)


def test_psi_is_that_of_the_smoothed_shares_less_what_chance_adds():
    now, then = [5, 0, 12, 3], [40, 30, 20, 10]
    p, q = smoothed(now), smoothed(then)
    assert psi(of(*now), of(*then)) == pytest.approx(np.sum((p - q) * np.log(p / q)) - 3 * (1 / 20 + 1 / 100))


@given(counts, counts)
def test_jensen_shannon_is_scipys_distance_to_base_2(now, then):
    assume(sum(now) and sum(then))
    expected = jensenshannon(np.array(now) / sum(now), np.array(then) / sum(then), base=2)
    assert js(of(*now), of(*then)) == pytest.approx(expected, abs=1e-7)


@given(counts, counts)
def test_total_variation_is_the_largest_difference_of_any_set_of_bins(now, then):
    assume(sum(now) and sum(then))
    p, q = np.array(now) / sum(now), np.array(then) / sum(then)
    sets = [[place for place in range(4) if chosen >> place & 1] for chosen in range(16)]
    assert tv(of(*now), of(*then)) == pytest.approx(max(abs(p[some].sum() - q[some].sum()) for some in sets))


def test_the_plain_kl_is_that_of_other_tools():
    now, then = np.array([5, 0, 12, 3]), np.array([40, 30, 0, 10])
    assert kl_plain(of(*now.tolist()), of(*then.tolist())) == pytest.approx(
        entropy(now / 20 + 1e-10, then / 80 + 1e-10)
    )


def test_one_empty_bin_makes_the_plain_kl_large_but_not_ours():
    now, then = of(9, 9, 2), of(90, 90, 0)
    assert kl_plain(now, then) > 1.9
    assert kl(now, then) < 0.3


@pytest.mark.parametrize(
    ("now", "forward", "backward"),
    [
        ((0.4, 0.35, 0.25), 0.020, 0.021),
        ((0.3, 0.3, 0.4), 0.124, 0.117),
        ((0.2, 0.3, 0.5), 0.275, 0.275),
        ((0.2, 0.5, 0.3), 0.194, 0.224),
        ((0.8, 0.1, 0.1), 0.197, 0.233),
    ],
    ids=str,
)
def test_known_shifts_of_three_classes_have_their_known_kl(now, forward, backward):
    reference = shared(0.5, 0.3, 0.2)
    assert kl(shared(*now), reference) == pytest.approx(forward, abs=6e-4)
    assert kl(reference, shared(*now)) == pytest.approx(backward, abs=6e-4)


@pytest.mark.parametrize(("sd", "told"), [(0.25, 0.030), (0.5, 0.118), (1.0, 0.447)])
def test_ten_bins_see_nearly_all_of_a_normal_shift(sd, told):
    assert kl(moved(sd), moved(0)) == pytest.approx(told, abs=5e-4)
    assert 0.89 * sd**2 / 2 < kl(moved(sd), moved(0)) < sd**2 / 2


def test_a_regressor_may_move_by_three_quarters_of_its_spread_unseen():
    assert kl(moved(0.775), moved(0)) < 0.3 < kl(moved(0.81), moved(0))


def test_two_equal_classes_that_swap_are_not_seen():
    answers = np.random.default_rng(0).choice(3, 1000, p=[0.4, 0.4, 0.2])
    swapped = np.array([1, 0, 2])[answers]
    reference = shared(0.4, 0.4, 0.2)
    now, then = (Histogram(("a", "b", "c", INVALID), None, (0,) * 4).counted(ids) for ids in (swapped, answers))
    assert np.mean(swapped != answers) > 0.75
    assert kl(now, then) < 0.01
    assert kl(reference, reference) == pytest.approx(0, abs=1e-6)


def test_without_drift_kl_and_psi_are_0_on_average():
    random, shares = np.random.default_rng(1), [0.4, 0.3, 0.2, 0.1]
    draws = [tuple(of(*random.multinomial(size, shares).tolist()) for size in (100, 300)) for _ in range(2000)]
    assert np.mean([kl(*pair) for pair in draws]) == pytest.approx(0, abs=0.002)
    assert np.mean([psi(*pair) for pair in draws]) == pytest.approx(0, abs=0.004)


@given(st.lists(st.integers(1, 500), min_size=3, max_size=3), st.lists(st.integers(1, 500), min_size=3, max_size=3))
def test_bins_that_are_empty_on_both_sides_say_nothing(now, then):
    assert kl(of(*now, 0), of(*then, 0)) == kl(of(*now), of(*then))
    assert kl(of(*now), of(*then)) == divergence(np.array(now, float), np.array(then, float))


def test_answers_of_a_single_kind_are_no_distance_apart():
    assert [measure(of(9, 0), of(5, 0)) for measure in (kl, psi, js, tv, kl_plain)] == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("histograms", "expected"),
    [((of(1, 0, 2), of(0, 0, 1)), 2), ((of(1, 0, 2), of(0, 3, 1)), 3), ((of(4, 0, 0),), 2)],
    ids=["two of three", "three", "one, and another was possible"],
)
def test_kinds_are_the_bins_in_which_there_is_anything(histograms, expected):
    assert kinds(*histograms) == expected


@pytest.mark.parametrize("measure", [kl, psi, js, tv, kl_plain])
def test_nothing_has_no_distance(measure):
    with pytest.raises(ValueError, match="answers on both sides, got 0 now and 3 in the reference"):
        measure(of(0, 0), of(1, 2))


@pytest.mark.parametrize("measure", [kl, psi, js, tv, kl_plain, kinds])
def test_other_bins_have_no_distance(measure):
    with pytest.raises(ValueError, match="expected the bins"):
        measure(of(1, 2), of(1, 2, 3))
