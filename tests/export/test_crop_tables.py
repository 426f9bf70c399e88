"""The nuru service's trainer on published tables of yields: rice plots in Bihar, and countries of the FAO."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from serinus import fit
from serinus.predictor import Predictor
from serinus.service import load
from serinus.tables.draft import Draft, slug
from serinus.tables.inference import Hints, inferred
from serinus.tables.table import read
from services.nuru.evaluation import folds
from services.nuru.lesson import Goal, Lesson, of_table
from services.nuru.regressors import ENSEMBLE, MEMBERS, Size, served
from services.nuru.teaching import Places, Settings, Taught, exported, taught_and_cross_validated

QUICK = Settings(Size(rounds=80, trees=30, rate=0.1))
BIHAR = "crop/digitalgreen_bihar_plots_train.csv.gz"
FAO = "crop/fao_yield_df_subset.csv.gz"
PER_ACRE = Goal("Yield", "Acre", (200, 4000))  # kg: half a tonne to ten per hectare
AFTER_HARVEST = ("Harv_", "Threshing_", "Residue_", "Stubble_")


def lesson_of(file: Path, goal: Goal, folder: Path, *unwanted: str) -> Lesson:
    found = read(file)
    fields = inferred(found, Hints(unwanted={goal.target, *unwanted}))
    about = {"task": "regression", "target": slug(goal.target, "value"), "unit": "kg"}
    draft = Draft(about, fields, dict.fromkeys((ENSEMBLE, *MEMBERS), "1.0.0"))
    return of_table(load(draft.write(folder / "crops")), found, goal)


@pytest.fixture(scope="module")
def plots(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Taught:
    """Yields per acre, learnt from all that a plot's row says but its area."""
    lesson = lesson_of(shared_data / BIHAR, PER_ACRE, tmp_path_factory.mktemp("bihar"), "ID", "Acre")
    return taught_and_cross_validated(lesson, QUICK)


def test_yields_per_acre_are_explained_on_plots_that_were_not_learnt_from(plots: Taught) -> None:
    assert {name: figures["r2"] >= 0.40 for name, figures in plots.performance.items()} == {
        "ensemble": True,
        "xgboost": True,
        "lightgbm": True,
        "random_forest": True,
        "ridge": False,  # a line explains 0.38
    }
    assert len(plots.lesson) == 3_712
    assert plots.lesson.left_out == {"an impossible yield": 158}


def test_the_table_as_it_is_has_its_yields_explained_too(shared_data: Path, tmp_path: Path) -> None:
    """Nothing left out, not even the slips of the pen. Most of it is the area: a line through it explains 0.46."""
    lesson = lesson_of(shared_data / BIHAR, Goal("Yield"), tmp_path, "ID")
    assert len(lesson) == 3_870
    assert taught_and_cross_validated(lesson, QUICK).performance[ENSEMBLE]["r2"] >= 0.47


def test_what_is_known_before_the_harvest_explains_yields_per_acre(shared_data: Path, tmp_path: Path) -> None:
    late = [name for name in read(shared_data / BIHAR).names if name.startswith(AFTER_HARVEST)]
    lesson = lesson_of(shared_data / BIHAR, PER_ACRE, tmp_path, "ID", "Acre", *late)
    assert len(late) == 8
    assert taught_and_cross_validated(lesson, QUICK).performance[ENSEMBLE]["r2"] >= 0.40


def test_yields_that_are_shuffled_cannot_be_explained(plots: Taught) -> None:
    """Whatever leaked from a row to its own judge would still show."""
    lesson = plots.lesson
    shuffled = np.random.default_rng(0).permutation(lesson.truth)
    blind = replace(lesson, truth=shuffled)
    assert taught_and_cross_validated(blind, QUICK).performance[ENSEMBLE]["r2"] < 0.02


def test_no_row_is_judged_by_a_model_that_saw_its_twin(plots: Taught) -> None:
    rows = plots.lesson.rows
    for rest, fold in folds(plots.lesson.groups, 5, 0):
        assert not {row.tobytes() for row in rows[rest]} & {row.tobytes() for row in rows[fold]}


def test_all_five_models_of_real_plots_pass_the_gate(plots: Taught, tmp_path: Path) -> None:
    places, now = Places(tmp_path / "models", tmp_path / "originals"), datetime(2022, 12, 1, tzinfo=UTC)
    bundles = {name: exported(plots, name, places, now, lambda _: None) for name in (ENSEMBLE, *MEMBERS)}
    assert fit.misfits(plots.lesson.service, {name: bundle.metadata for name, bundle in bundles.items()}) == []
    for name, model in served(plots.fitted).items():
        parity, training = bundles[name].metadata.parity, bundles[name].metadata.training
        assert training["divided_by"] == "Acre"
        assert training["possible"] == [200, 4000]
        assert training["left_out"] == {"an impossible yield": 158}
        assert parity.rows > 10_000
        assert parity.max_difference <= parity.tolerance < 0.01
        answers = Predictor(bundles[name]).predict(plots.lesson.rows).values  # type: ignore[union-attr]  # regression
        np.testing.assert_allclose(answers, model.predict(plots.lesson.rows), atol=parity.tolerance)


def test_yields_of_countries_are_learnt_and_exported(shared_data: Path, tmp_path: Path) -> None:
    lesson = lesson_of(shared_data / FAO, Goal("hg/ha_yield"), tmp_path)
    taught = taught_and_cross_validated(lesson, QUICK)
    assert lesson.names == ("Area", "Item", "Year", "average_rain_fall_mm_per_year", "pesticides_tonnes", "avg_temp")
    assert lesson.service.service.target == "hg_ha_yield"
    assert taught.performance[ENSEMBLE]["r2"] > 0.8
    bundle = exported(taught, ENSEMBLE, Places(tmp_path, tmp_path), datetime(2022, 1, 1, tzinfo=UTC), lambda _: None)
    assert bundle.metadata.parity.rows > 10_000
