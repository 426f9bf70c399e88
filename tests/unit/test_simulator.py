"""The simulated curves: repeatable, physical, and like the published populations."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from services.kepler.light_curves import BINS, LABELS, LightCurves
from services.kepler.observation import cadences
from services.kepler.populations import Companions, Systems, Targets, candidates, confirmed, false_positives
from services.kepler.signals import primary_eclipse, secondary_eclipse, signal
from services.kepler.simulator import blocks, simulate
from services.kepler.transits import Orbits, duration_days, eclipses, lost_light

ONE = np.ones(1, np.float32)
SUN = np.array([[0.44, 0.23]], np.float32)
HOT_JUPITER = Orbits(4 * ONE, 10 * ONE, 0 * ONE, 0.1 * ONE, SUN)
ECCENTRIC_PHASE = 0.3


@pytest.fixture(scope="module")
def curves() -> LightCurves:
    return simulate(3_000, seed=0)


def binary(companions: Companions) -> Systems:
    """A star of half the size at ten radii, for 90 days."""
    orbits = Orbits(4 * ONE, 10 * ONE, 0 * ONE, 0.5 * ONE, SUN)
    return Systems(Targets(ONE, SUN, 1e-4 * ONE, 90 * ONE), orbits, companions)


def companion(
    *, brightness: float = 0.5, eclipsed_at: float = 0.5, tide: float = 0, is_twin: bool = False
) -> Companions:
    return Companions(brightness * ONE, ONE, eclipsed_at * ONE, np.array([is_twin]), tide * ONE)


def bin_of(phase: float) -> int:
    return int((phase + 0.5) % 1 * BINS)


def lost_without_rings(separation: float, ratio: float, limb: tuple[float, float]) -> float:
    """The same light, summed over a fine square grid on the disc in front."""
    x, y = np.meshgrid(*2 * [np.linspace(-ratio, ratio, 1001)])
    from_centre = np.hypot(x + separation, y)
    shade = 1 - np.sqrt(np.maximum(1 - from_centre**2, 0))
    light = np.where(from_centre < 1, 1 - limb[0] * shade - limb[1] * shade**2, 0)
    total = np.pi * (1 - limb[0] / 3 - limb[1] / 6)
    return float(light[np.hypot(x, y) < ratio].sum() * (ratio / 500) ** 2 / total)


def test_the_same_seed_gives_the_same_curves() -> None:
    first, second = simulate(50, seed=7), simulate(50, seed=7)
    np.testing.assert_array_equal(first.flux, second.flux)
    np.testing.assert_array_equal(first.labels, second.labels)


def test_another_seed_gives_other_curves() -> None:
    assert not np.array_equal(simulate(50, seed=7).flux, simulate(50, seed=8).flux, equal_nan=True)


@pytest.mark.parametrize("size", [1_000, 2_000, 10_000])
def test_blocks_of_any_size_hold_the_curves_of_simulate(curves: LightCurves, size: int) -> None:
    parts = list(blocks(3_000, seed=0, size=size))
    np.testing.assert_array_equal(np.concatenate([part.flux for part in parts]), curves.flux)
    np.testing.assert_array_equal(np.concatenate([part.labels for part in parts]), curves.labels)
    np.testing.assert_array_equal(np.concatenate([part.kepid for part in parts]), curves.kepid)


def test_the_last_block_holds_what_is_left() -> None:
    assert [len(block) for block in blocks(2_300, seed=0, size=1_000)] == [1_000, 1_000, 300]


@pytest.mark.parametrize("size", [0, 1_500])
def test_a_block_that_cuts_a_batch_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"multiple of 1000, got {size}"):
        next(blocks(10, seed=0, size=size))


def test_no_curves_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 curve to simulate, got 0"):
        simulate(0, seed=0)


def test_curves_have_the_types_and_shapes_of_real_ones(curves: LightCurves) -> None:
    assert curves.flux.shape == (3_000, BINS)
    assert curves.flux.dtype == np.float32
    assert curves.labels.dtype == curves.kepid.dtype == np.int64
    assert not np.isinf(curves.flux).any()


def test_labels_are_balanced(curves: LightCurves) -> None:
    assert np.ptp(np.bincount(curves.labels, minlength=len(LABELS))) <= 3


def test_labels_come_in_no_order(curves: LightCurves) -> None:
    follows = np.mean(curves.labels[1:] == (curves.labels[:-1] + 1) % 3)
    assert 0.25 < follows < 0.42


def test_every_star_is_new_and_none_is_real(curves: LightCurves) -> None:
    assert len(set(curves.kepid)) == 3_000
    assert curves.kepid.min() > 13_161_029


def test_as_many_bins_are_empty_as_in_real_curves(curves: LightCurves) -> None:
    assert 0.15 < np.isnan(curves.flux).mean() < 0.35  # 0.27 in kepler_fold784_dev.npz


def test_no_curve_is_all_empty(curves: LightCurves) -> None:
    assert np.isfinite(curves.flux).any(axis=1).all()


def test_planets_are_as_noisy_as_in_real_curves(curves: LightCurves) -> None:
    planets = curves.flux[curves.labels == LABELS.index("CONFIRMED")]
    noise = 1.4826 * np.nanmedian(np.abs(planets - np.nanmedian(planets, axis=1, keepdims=True)), axis=1)
    assert 1.5e-4 < np.median(noise) < 2.7e-4  # 2.0e-4 in kepler_fold784_dev.npz


@pytest.mark.parametrize("ratio", [0.01, 0.1, 0.4, 1.2], ids=["earth", "jupiter", "dwarf", "giant"])
@pytest.mark.parametrize("separation", [0.0, 0.35, 0.7, 0.95, 1.02])
def test_the_rings_agree_with_a_sum_over_the_star(separation: float, ratio: float) -> None:
    rings = lost_light(separation * np.ones((1, 1), np.float32), ratio * ONE, SUN).item()
    deepest = min(ratio, 1) ** 2
    assert rings == pytest.approx(lost_without_rings(separation, ratio, (0.44, 0.23)), abs=0.004 * deepest)


def test_discs_apart_hide_nothing() -> None:
    assert (
        lost_light(np.array([[1.2, 3.0]], np.float32), 0.1 * np.ones(2, np.float32), SUN.repeat(2, axis=0)).max() == 0
    )


def test_without_limb_darkening_the_depth_is_the_square_of_the_ratio() -> None:
    depth = eclipses(replace(HOT_JUPITER, limb=0 * SUN), 0 * ONE).max()
    assert depth == pytest.approx(0.01, rel=0.005)


def test_limb_darkening_deepens_the_middle_of_a_transit() -> None:
    centre_over_mean = 1 / (1 - 0.44 / 3 - 0.23 / 6)
    assert eclipses(HOT_JUPITER, 0 * ONE).max() == pytest.approx(0.01 * centre_over_mean, rel=0.01)


def test_ingress_mirrors_egress() -> None:
    (transit,) = eclipses(HOT_JUPITER, 0 * ONE)
    np.testing.assert_allclose(transit, transit[::-1], atol=1e-5)


def test_a_transit_lasts_from_first_to_last_contact() -> None:
    bins_in_transit = np.count_nonzero(eclipses(replace(HOT_JUPITER, period_days=100 * ONE), 0 * ONE))
    assert bins_in_transit == pytest.approx(duration_days(HOT_JUPITER).item() / 4 * BINS, abs=3)


def test_a_grazing_transit_is_shallower() -> None:
    grazing = replace(HOT_JUPITER, impact=ONE)
    assert 0 < eclipses(grazing, 0 * ONE).max() < 0.5 * eclipses(HOT_JUPITER, 0 * ONE).max()


@pytest.mark.parametrize("phase", [0.5, ECCENTRIC_PHASE], ids=["circular", "eccentric"])
def test_a_binary_has_a_secondary_eclipse(phase: float) -> None:
    (secondary,) = secondary_eclipse(binary(companion(eclipsed_at=phase)))
    assert secondary[bin_of(phase)] == pytest.approx(0.125 / 1.125, rel=0.01)  # all the light of the companion
    assert secondary[bin_of(0)] == 0


def test_a_planet_has_no_secondary_eclipse() -> None:
    assert secondary_eclipse(confirmed(20, np.random.default_rng(0))).max() == 0


def test_the_hotter_star_makes_the_deeper_eclipse() -> None:
    system = binary(companion(brightness=0.5))
    assert primary_eclipse(system).max() > secondary_eclipse(system).max()


def test_the_eclipses_of_a_twin_alternate_in_the_middle() -> None:
    (curve,) = signal(binary(companion(is_twin=True, eclipsed_at=0)), np.ones((1, BINS), int), np.random.default_rng(0))
    odd, even = -primary_eclipse(binary(companion())).max(), -secondary_eclipse(binary(companion())).max()
    depths = curve[BINS // 2 - 4 : BINS // 2 + 4]
    is_odd, is_even = np.isclose(depths, odd, rtol=0.06), np.isclose(depths, even, rtol=0.06)
    assert (is_odd | is_even).all()
    assert is_odd.any()
    assert is_even.any()


def test_tides_make_a_binary_brightest_between_the_eclipses() -> None:
    (curve,) = signal(binary(companion(tide=0.01)), np.ones((1, BINS), int), np.random.default_rng(0))
    assert curve[[bin_of(-0.25), bin_of(0.25)]] == pytest.approx(0.01, abs=1e-4)


def test_light_of_another_star_makes_eclipses_shallower() -> None:
    alone, rng = companion(), np.random.default_rng(0)
    blended, counts = replace(alone, share=0.1 * ONE), np.ones((1, BINS), int)
    deep, shallow = signal(binary(alone), counts, rng).min(), signal(binary(blended), counts, rng).min()
    assert shallow == pytest.approx(0.1 * deep)


def test_the_stretch_watched_is_shorter_by_the_gap() -> None:
    watched = cadences(binary(companion()), np.random.default_rng(0)).sum() * 0.020434
    assert watched == pytest.approx(0.88 * 90, rel=0.01)


def test_an_orbit_longer_than_the_stretch_watched_leaves_bins_empty() -> None:
    system = binary(companion())
    slow = replace(system, orbits=replace(system.orbits, period_days=180 * ONE))
    counts = cadences(slow, np.random.default_rng(0))
    assert np.mean(counts == 0) == pytest.approx(1 - 0.88 * 90 / 180, abs=0.02)


@pytest.mark.parametrize("population", [confirmed, candidates, false_positives])
def test_every_system_eclipses(population: Callable[[int, np.random.Generator], Systems]) -> None:
    systems = population(500, np.random.default_rng(0))
    assert (systems.orbits.impact < 1 + systems.orbits.ratio).all()
    assert (systems.orbits.scale > 1 + systems.orbits.ratio).all()


def test_planets_have_the_sizes_of_planets() -> None:
    ratio = confirmed(2_000, np.random.default_rng(0)).orbits.ratio
    assert 0.02 < np.median(ratio) < 0.09
    assert ratio.max() <= 0.18


def test_planets_transit_for_hours() -> None:
    hours = 24 * duration_days(confirmed(2_000, np.random.default_rng(0)).orbits)
    assert 2.4 < np.median(hours) < 4.8  # 3.6 in the KOI table
    assert np.quantile(hours, 0.95) < 14.5  # its 99th percentile


def test_confirmed_planets_stand_out_more_than_candidates(curves: LightCurves) -> None:
    middle = curves.flux[:, 390:394]
    depth = [-np.nanmedian(middle[curves.labels == label]) for label in range(len(LABELS))]
    assert depth[2] > 2 * depth[0] > 4 * depth[1]


@pytest.mark.parametrize(
    ("quantile", "ppm"), [(0.05, (15, 45)), (0.5, (60, 150)), (0.95, (130, 350))], ids=["quiet", "median", "loud"]
)
def test_noise_over_six_hours_is_tens_to_hundreds_of_ppm(quantile: float, ppm: tuple[int, int]) -> None:
    noise = confirmed(2_000, np.random.default_rng(0)).targets.noise
    cdpp_ppm = 1e6 * np.quantile(noise, quantile) / np.sqrt(0.25 / 0.020434)
    assert ppm[0] < cdpp_ppm < ppm[1]


def test_limb_darkening_is_that_of_sun_like_stars() -> None:
    linear, square = confirmed(2_000, np.random.default_rng(0)).targets.limb.T
    assert 0.15 < linear.min() < linear.max() < 0.80
    assert 0 < square.min() < square.max() < 0.40
