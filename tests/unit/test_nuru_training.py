from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from serinus import fit
from serinus import service as services
from serinus.bundle import Bundle
from serinus.features.folder import DiskFolder
from serinus.features.parquet_store import Freshness, ParquetStore
from serinus.features.store import Stored
from serinus.fields import Value
from serinus.predictor import Predictor
from serinus.record import Form
from serinus.tables.table import read
from services.nuru import plot_features, plots, simulator
from services.nuru.evaluation import evaluate, folds
from services.nuru.lesson import Goal, Lesson, of_simulation, of_table
from services.nuru.regressors import ENSEMBLE, MEMBERS, Size, served
from services.nuru.teaching import Places, Settings, Taught, exported, taught_and_cross_validated, taught_and_held_out

SERVICE = services.load(Path("services/nuru/service.toml"))
SMALL = Settings(Size(rounds=25, trees=10, rate=0.15))
SINGLE = {
    "plot_id": 1,
    "latitude": -0.499127,
    "longitude": 37.612253,
    "planting_date": "2021-10-07",
    "season": "Short Rains",
    "altitude": 1252.08,
}  # the request of the owners' document, and its batch, whose plots have no altitude
BATCH: list[dict[str, object]] = [
    {name: value for name, value in SINGLE.items() if name != "altitude"},
    {
        "plot_id": 2,
        "latitude": -0.501234,
        "longitude": 37.614567,
        "planting_date": "2021-10-10",
        "season": "Short Rains",
    },
]


@dataclass(frozen=True)
class School:
    """What was taught, the bundles made of it, and the file of plot features."""

    taught: Taught
    bundles: dict[str, Bundle]
    features: Path


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> School:
    folder = tmp_path_factory.mktemp("nuru")
    seen = plots.simulate(250, seed=0)
    taught = taught_and_held_out(lesson(seasons=3), SMALL)
    places, now = Places(folder / "models", folder / "originals"), datetime(2021, 12, 1, tzinfo=UTC)
    bundles = {name: exported(taught, name, places, now, lambda _: None) for name in (ENSEMBLE, *MEMBERS)}
    newest = simulator.newest(seen, seed=0)
    return School(taught, bundles, plot_features.write(folder / "features", date(2021, 12, 1), SERVICE, newest))


def lesson(*, seasons: int) -> Lesson:
    harvests = simulator.harvests(plots.simulate(250, seed=0), seasons=seasons, seed=0)
    return of_simulation(SERVICE, harvests, "simulated")


@contextmanager
def store_of(file: Path) -> Iterator[ParquetStore]:
    with ThreadPoolExecutor(1) as aside:
        freshness = Freshness(look_s=60, trust_s=600, wait_s=10)
        yield ParquetStore(DiskFolder(file.parents[1]), "plot_id", freshness, lambda: 0.0, aside)


def stored(school: School, *plots: str) -> list[dict[str, Value]]:
    with store_of(school.features) as store:
        found = store.get(plots)
    records = [found[plot] for plot in plots]
    return [dict(record.values) for record in records if isinstance(record, Stored)]


def test_the_figures_are_what_they_are_called() -> None:
    figures = evaluate(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 2.0, 4.0, 4.0]))
    assert figures == {"rmse": pytest.approx(np.sqrt(0.5), abs=1e-4), "mae": 0.5, "r2": 0.6, "bias": 0.5}


def test_no_plot_is_both_learnt_from_and_judged_by() -> None:
    groups = np.repeat(np.arange(20), 3)
    seen = np.concatenate([fold for _, fold in folds(groups, 5, 0)])
    assert sorted(seen.tolist()) == list(range(60))
    for rest, fold in folds(groups, 5, 0):
        assert not set(groups[rest]) & set(groups[fold])


def test_what_judges_the_models_is_of_other_plots(school: School) -> None:
    held_out = school.taught.held_out
    assert held_out is not None
    assert not set(school.taught.lesson.groups) & set(held_out.groups)
    assert len(held_out) + len(school.taught.lesson) == 750
    assert school.taught.facts == {"training_samples": len(school.taught.lesson), "validation_samples": len(held_out)}


def test_all_five_explain_yields_of_plots_they_have_not_seen(school: School) -> None:
    for name, figures in school.taught.performance.items():
        assert 0.4 < figures["r2"] < 0.9, name
        assert abs(figures["bias"]) < 150, name


def test_the_ensemble_is_the_mean_of_its_members(school: School) -> None:
    models, rows = served(school.taught.fitted), school.taught.lesson.rows[:50]
    mean = np.mean([models[name].predict(rows) for name in MEMBERS], axis=0)
    np.testing.assert_allclose(models[ENSEMBLE].predict(rows), mean, rtol=1e-9)


def test_cross_validation_judges_every_season_once_and_unseen() -> None:
    few = lesson(seasons=2).only(np.arange(120))
    said: list[str] = []
    taught = taught_and_cross_validated(few, Settings(SMALL.size, folds=3), said.append)
    memorised = evaluate(few.truth, taught.fitted.predict(few.rows))
    assert taught.performance[ENSEMBLE]["r2"] < memorised["r2"]
    assert said == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3", "all rows"]
    assert taught.facts == {"training_samples": 120, "cross_validation_folds": 3}


def test_the_bundles_fit_the_service(school: School) -> None:
    assert fit.misfits(SERVICE, {name: bundle.metadata for name, bundle in school.bundles.items()}) == []


def test_every_bundle_takes_missing_values_and_keeps_how_wrong_it_is(school: School) -> None:
    for name, bundle in school.bundles.items():
        about = bundle.metadata
        assert about.nan_policy == "allow", name
        assert about.performance == school.taught.performance[name]
        assert about.output_schema.model_dump() == {"task": "regression", "target": "yield", "unit": "kg_per_ha"}
        assert about.calibration is not None
        assert about.calibration.also_in_sample == 0
        assert about.training["dataset_version"] == "simulated"


def test_every_bundle_answers_held_out_plots_as_its_original(school: School) -> None:
    held_out = school.taught.held_out
    assert held_out is not None
    for name, model in served(school.taught.fitted).items():
        answers = Predictor(school.bundles[name]).predict(held_out.rows).values  # type: ignore[union-attr]  # regression
        np.testing.assert_allclose(answers, model.predict(held_out.rows), atol=0.02)


def test_each_original_is_kept_in_its_own_format(school: School) -> None:
    assert {name: [*bundle.metadata.source] for name, bundle in school.bundles.items()} == {
        "ensemble": ["model.pkl"],
        "xgboost": ["model.json"],
        "lightgbm": ["model.txt"],
        "random_forest": ["model.pkl"],
        "ridge": ["model.pkl"],
    }


def test_the_stored_features_are_those_the_service_looks_up(school: School) -> None:
    kept = pq.read_table(school.features)
    assert school.features.parts[-2:] == ("2021-12-01", "plot_features.parquet")
    assert kept.column_names == [
        "plot_id",
        *(field.name for field in SERVICE.input.given if field.source != "request"),
    ]
    assert kept["plot_id"].to_pylist() == list(range(1, 251))
    assert kept["mean_ndvi"].null_count > 0
    assert kept["plot_id"].null_count == kept["altitude"].null_count == 0
    assert [path.name for path in school.features.parent.iterdir()] == ["plot_features.parquet"]


def test_the_owners_single_request_has_a_yield(school: School) -> None:
    [kept] = stored(school, "1")
    form = Form.of(SERVICE.input, "allow")
    filled = form.read(SINGLE, form.base(kept))
    answer = Predictor(school.bundles[ENSEMBLE]).predict(filled.row).values[0]  # type: ignore[union-attr]  # regression
    assert 300 < answer < 8000
    assert filled.sources["altitude"] == "request"
    assert filled.sources["precip_total"] == "store"
    assert {"precip_total", "gdd_sum", "mean_ndvi"} <= set(filled.used)


def test_the_owners_batch_takes_the_altitude_from_the_store(school: School) -> None:
    form = Form.of(SERVICE.input, "allow")
    for request, kept in zip(BATCH, stored(school, "1", "2"), strict=True):
        filled = form.read(request, form.base(kept))
        assert filled.sources["altitude"] == "store"
        assert not np.isinf(filled.row).any()


def test_a_stored_season_makes_the_row_it_was_simulated_as(school: School) -> None:
    form = Form.of(SERVICE.input, "allow")
    newest = simulator.newest(plots.simulate(250, seed=0), seed=0)
    rows = of_simulation(SERVICE, newest, "newest").rows
    for place, kept in zip((0, 1, 77), stored(school, "1", "2", "78"), strict=True):
        request = {
            "plot_id": place + 1,
            "latitude": float(newest["latitude"][place]),
            "longitude": float(newest["longitude"][place]),
            "planting_date": str(newest["planting_date"][place]),
            "season": str(newest["season"][place]),
        }
        np.testing.assert_array_equal(form.read(request, form.base(kept)).row[0], rows[place])


@pytest.mark.parametrize("name", MEMBERS)
def test_the_same_seed_makes_the_same_model(name: str, school: School) -> None:
    again = taught_and_held_out(lesson(seasons=3), SMALL)
    rows = school.taught.lesson.rows[:100]
    first, second = (served(taught.fitted)[name].predict(rows) for taught in (school.taught, again))
    np.testing.assert_allclose(first, second, rtol=1e-9)  # threads add up a forest in any order


def test_the_service_names_what_is_trained() -> None:
    assert list(SERVICE.models) == [ENSEMBLE, *MEMBERS]
    assert SERVICE.auto.by in evaluate(np.arange(3.0), np.arange(3.0))


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_real_table_of_the_services_own_columns_makes_the_same_lesson(tmp_path: Path, suffix: str) -> None:
    harvests = simulator.harvests(plots.simulate(40, seed=0), seasons=3, seed=0)
    columns = {name: pa.array(of, from_pandas=True) for name, of in harvests.items()}
    file = tmp_path / f"harvests.{suffix}"
    if suffix == "csv":
        arrow_csv.write_csv(pa.table(columns), file)
    else:
        pq.write_table(pa.table(columns), file)
    simulated, real = of_simulation(SERVICE, harvests, "a"), of_table(SERVICE, read(file), Goal("yield"))
    np.testing.assert_array_equal(real.rows, simulated.rows)
    np.testing.assert_array_equal(real.truth, simulated.truth)
    assert len(set(zip(real.groups.tolist(), simulated.groups.tolist(), strict=True))) == 40
    assert real.left_out == {}
