from pathlib import Path

import numpy as np
import pytest

from serinus.record import Form
from serinus.service import load
from services.nuru import maize, plots, simulator
from services.nuru.regions import LONG_RAINS, SHORT_RAINS
from services.nuru.simulator import LOST, TARGET, Columns
from services.nuru.weather import DAYS, Weather

COUNT, SEASONS = 400, 4


@pytest.fixture(scope="module")
def harvests() -> Columns:
    return simulator.harvests(plots.simulate(COUNT, seed=1), seasons=SEASONS, seed=1)


def day_after_day(least: float, most: float, rain: float = 0.0) -> Weather:
    return Weather(*(np.full((1, DAYS), value) for value in (rain, least, most)))


def test_the_same_seed_makes_the_same_harvests(harvests: Columns) -> None:
    again = simulator.harvests(plots.simulate(COUNT, seed=1), seasons=SEASONS, seed=1)
    other = simulator.harvests(plots.simulate(COUNT, seed=2), seasons=SEASONS, seed=2)
    for name, column in harvests.items():
        np.testing.assert_array_equal(column, again[name])
    assert (harvests[TARGET] != other[TARGET]).mean() > 0.99


def test_the_first_plots_lie_where_the_owners_documents_ask_for_them() -> None:
    newest = simulator.newest(plots.simulate(5, seed=0), seed=0)
    assert [newest[name][0] for name in ("plot_id", "latitude", "longitude")] == [1, -0.499127, 37.612253]
    assert [newest[name][1] for name in ("plot_id", "latitude", "longitude")] == [2, -0.501234, 37.614567]
    assert newest["altitude"][0] == 1252.08
    assert not any(np.isnan(of[:2]).any() for of in newest.values() if of.dtype.kind == "f")
    assert newest["plot_id"].tolist() == [1, 2, 3, 4, 5]
    assert set(newest["season"]) == {SHORT_RAINS}


def test_a_single_plot_is_too_few() -> None:
    with pytest.raises(ValueError, match="at least 2 plots"):
        plots.simulate(1, seed=0)


def test_yields_are_those_of_smallholders(harvests: Columns) -> None:
    yields = harvests[TARGET].astype(float)
    assert 1500 < yields.mean() < 3000
    assert 0 <= yields.min() < 300
    assert 5000 < yields.max() < 14_000


def test_good_fields_vary_more_than_poor_ones(harvests: Columns) -> None:
    carbon, yields = harvests["soil_carbon"].astype(float), harvests[TARGET].astype(float)
    poor, rich = carbon < 10, carbon > 25
    assert yields[rich].mean() > 1.5 * yields[poor].mean()
    assert yields[rich].std() > 1.5 * yields[poor].std()


def test_seasons_are_planted_in_their_rains(harvests: Columns) -> None:
    month = harvests["planting_date"].astype("datetime64[M]").astype(int) % 12 + 1
    assert set(month[harvests["season"] == LONG_RAINS]) <= {2, 3, 4, 5, 6}
    assert set(month[harvests["season"] == SHORT_RAINS]) <= {8, 9, 10, 11, 12}


def test_what_satellites_and_farmers_do_not_tell_is_missing(harvests: Columns) -> None:
    for names, share in LOST.items():
        missing = np.array([np.isnan(harvests[name].astype(float)) for name in names])
        assert (missing == missing[0]).all()
        assert share / 2 < missing[0].mean() < 2 * share


def test_every_simulated_season_is_good_input_of_the_service(harvests: Columns) -> None:
    form = Form.of(load(Path("services/nuru/service.toml")).input, "allow")
    rows = form.rows({name: column for name, column in harvests.items() if name != TARGET})
    assert rows.shape == (COUNT * SEASONS, len(form.names))
    assert not np.isinf(rows).any()
    assert 0 < np.isnan(rows).mean() < 0.1


@pytest.mark.parametrize(
    ("least", "most", "degrees"),
    [
        pytest.param(12.0, 24.0, 8.0, id="between base and cap"),
        pytest.param(4.0, 20.0, 5.0, id="a cold night counts as the base"),
        pytest.param(20.0, 38.0, 15.0, id="a hot day counts as the cap"),
        pytest.param(2.0, 8.0, 0.0, id="nothing grows below the base"),
    ],
)
def test_growing_degrees_are_held_between_base_and_cap(least: float, most: float, degrees: float) -> None:
    assert maize.growing_degrees(day_after_day(least, most))[0, 0] == degrees


def test_a_day_is_hot_by_how_far_and_how_long_it_is_above_30_degrees() -> None:
    assert maize.hot_degrees(day_after_day(18, 30))[0, 0] == 0
    assert maize.hot_degrees(day_after_day(24, 36))[0, 0] == pytest.approx(36 / 24)


def test_reference_evapotranspiration_is_that_of_the_tropics() -> None:
    assert (
        4 < maize.reference_evapotranspiration(day_after_day(16, 28))[0, 0] < 6
    )  # FAO-56, table 2: semi-arid, about 20 degC


def test_a_tenth_less_water_costs_an_eighth_of_the_yield() -> None:
    full, short, none = maize.water_response(np.array([1.0, 0.9, 0.0]))
    assert (full, short) == (1.0, pytest.approx(1 - 0.125))
    assert 0 < none < 0.05


def test_soaked_fields_lack_no_water_and_dry_ones_nearly_all() -> None:
    holds = np.array([130.0])
    supplied = [
        float(maize.water_supplied(seen, maize.crop_coefficient(maize.growth_days(seen)), holds)[0])
        for seen in (day_after_day(15, 27, rain=12), day_after_day(15, 27, rain=2), day_after_day(15, 27))
    ]
    assert supplied[0] > 0.99
    assert 0.99 > supplied[1] > supplied[2]
    assert supplied[2] < 0.3


def test_heat_costs_more_where_water_lacks() -> None:
    wet, dry = maize.heat_response(np.array([10.0, 10.0]), np.array([1.0, 0.5]))
    assert wet == pytest.approx(np.exp(-0.10))
    assert dry == pytest.approx(np.exp(-0.17))


def test_each_bag_of_fertiliser_gives_less_than_the_one_before() -> None:
    given = maize.nitrogen_response(np.array([0.0, 50.0, 100.0]), np.full(3, 10.0))
    first, second = np.diff(given)
    assert first > second > 0
    assert given[2] < 1


def test_late_planting_sour_soil_and_cold_cost_yield() -> None:
    assert maize.delay_response(np.array([-3.0, 0.0])).tolist() == [1, 1]
    assert maize.delay_response(np.array([7.0]))[0] == pytest.approx(0.9, abs=0.01)
    assert maize.acidity_response(np.array([6.5, 5.5, 4.5])).tolist() == [1, 1, pytest.approx(0.55)]
    cool, warm = (
        maize.potential_kg_per_ha(seen, maize.crop_coefficient(np.array([120.0])))[0]
        for seen in (day_after_day(6, 18), day_after_day(15, 27))
    )
    assert cool < warm


def test_maize_stands_longer_in_the_highlands() -> None:
    assert maize.growth_days(day_after_day(23, 36))[0] == maize.LEAST_DAYS
    assert 170 < maize.growth_days(day_after_day(12.5, 24.5))[0] <= maize.MOST_DAYS


def test_a_closed_canopy_saturates_the_index() -> None:
    bare, thin, dense, denser = maize.ndvi(np.array([[0.0, 1.0, 5.0, 6.0]]))[0]
    assert bare == pytest.approx(maize.BARE_NDVI)
    assert thin - bare > 10 * (denser - dense) > 0
