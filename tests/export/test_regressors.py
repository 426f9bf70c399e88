"""Real regressors from training to one answer: exported, checked, compared, scored, combined, served and counted."""

import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import joblib
import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xgboost
from sklearn.ensemble import RandomForestRegressor
from typer.testing import CliRunner

from export.exporter import Request, export
from serinus import service as services
from serinus.bench import speed
from serinus.bins import Bins
from serinus.blend import combine
from serinus.bundle import Bundle
from serinus.cli import app
from serinus.ensemble import Ensemble
from serinus.prediction import Values
from serinus.preflight import Costs, preflight
from serinus.registry.truth import of_values
from serinus.schema import Rows

NAMES = ("rain", "heat", "ndvi", "altitude")
TRAINED = 600
SERVICE = """
[service]
name = "plots"
task = "regression"
target = "yield"
unit = "kg_per_ha"
[input]
features = 4
names = ["rain", "heat", "ndvi", "altitude"]
[models]
xgboost = "1.0.0"
lightgbm = "1.0.0"
forest = "1.0.0"
[ensemble]
how = "weighted"
weights = { xgboost = 2, lightgbm = 1, forest = 0.5 }
"""


def plots() -> tuple[Rows, np.ndarray]:
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(800, len(NAMES))).astype(np.float32)
    return rows, 3000 + 500 * rows[:, 0] - 200 * rows[:, 1] ** 2 + generator.normal(size=len(rows)) * 100


@pytest.fixture(scope="module")
def native() -> Mapping[str, object]:
    """The regressors as their own libraries have them."""
    rows, truth = (part[:TRAINED] for part in plots())
    boosted = {"objective": "regression", "verbose": -1, "num_threads": 1, "num_leaves": 15}
    return {
        "xgboost": xgboost.XGBRegressor(n_estimators=20, max_depth=4, n_jobs=1).fit(rows, truth),
        "lightgbm": lightgbm.train(boosted, lightgbm.Dataset(rows, truth, feature_name=[*NAMES]), 20),
        "forest": RandomForestRegressor(10, max_depth=5, random_state=0).fit(rows, truth),
    }


@pytest.fixture(scope="module")
def folder(native, tmp_path_factory) -> Path:
    """A service of all three, with held-out rows in test.parquet."""
    folder = tmp_path_factory.mktemp("plots")
    rows, truth = plots()
    native["xgboost"].save_model(folder / "xgboost.json")
    native["lightgbm"].save_model(folder / "lightgbm.txt")
    joblib.dump(native["forest"], folder / "forest.pkl")
    for name, part in (("sample", slice(TRAINED)), ("test", slice(TRAINED, None))):
        columns = dict(zip(NAMES, rows[part].T, strict=True))
        pq.write_table(pa.table({**columns, "yield": truth[part]}), folder / f"{name}.parquet")
    for file in ("xgboost.json", "lightgbm.txt", "forest.pkl"):
        name = file.partition(".")[0]
        values = np.asarray(native[name].predict(rows[TRAINED:]), np.float64)
        performance = {figure: round(value, 4) for figure, value in of_values(values, truth[TRAINED:]).items()}
        request = Request(
            folder / file,
            name,
            "1.0.0",
            sample=folder / "sample.parquet",
            target="yield",
            unit="kg_per_ha",
            performance=performance,
        )
        export(request, folder / "models", created_at=datetime(2026, 11, 20, tzinfo=UTC))
    (folder / "service.toml").write_text(SERVICE)
    return folder


def loaded(folder: Path) -> Ensemble:
    return Ensemble.load(services.load(folder / "service.toml"), folder / "models")


def run(*command: object) -> str:
    found = CliRunner().invoke(app, [*map(str, command)])
    assert found.exit_code == 0, found.output
    return found.stdout


def test_auto_is_the_model_of_the_least_error(folder):
    ensemble = loaded(folder)
    figures = {name: predictor.metadata.performance["rmse"] for name, predictor in ensemble.predictors.items()}
    assert ensemble.best == min(figures, key=figures.__getitem__)
    assert len({*figures.values()}) == 3


def test_the_sample_of_a_regressor_fills_its_bins_evenly(folder):
    sample, _ = (part[:TRAINED] for part in plots())
    ensemble = loaded(folder)
    for name, predictor in ensemble.predictors.items():
        counts = ensemble.bins[name].counts(ensemble.answer(predictor, sample).values)
        assert sum(counts.values()) == TRAINED
        assert min(counts.values()) > 0.4 * TRAINED / 10, name
        assert Bins.of(Bundle.load(folder / "models" / name / "v1.0.0")).edges.tolist() == (
            ensemble.bins[name].edges.tolist()
        )


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
def test_the_ensemble_in_bulk_is_the_mean_of_what_the_libraries_answer(folder, native, tmp_path, format):
    options = ("--service", folder / "service.toml", "--models", folder / "models", "--model", "ensemble")
    out = tmp_path / "out"
    summary = json.loads(run("score", folder / "test.parquet", *options, "--out", out, "--format", format, "--json"))
    assert (summary["rows_ok"], summary["rows_bad"]) == (200, 0)
    [part] = (out / "predictions").glob("part-*")
    match format:
        case "parquet":
            table = pq.read_table(part).to_pydict()
        case "csv":
            lines = list(csv.DictReader(part.read_text().splitlines()))
            table = {name: [line[name] for line in lines] for name in lines[0]}
        case _:
            lines = [json.loads(line) for line in part.read_text().splitlines()]
            table = {name: [line[name] for line in lines] for name in lines[0]}
    rows, _ = (some[TRAINED:] for some in plots())
    given = [Values(np.array(table[f"value_{name}"], np.float32)) for name in native]
    for name, values in zip(native, given, strict=True):
        expected = np.asarray(native[name].predict(rows), np.float64)
        np.testing.assert_allclose(values.values, expected, rtol=1e-5)
    blend = combine(given, "weighted", [2, 1, 0.5])
    np.testing.assert_array_equal(np.array(table["prediction"], np.float32), blend.values)
    np.testing.assert_array_equal(np.array(table["spread"], np.float64), blend.spread)


def test_a_bundle_of_a_regressor_is_verified_and_asked(folder, tmp_path):
    bundle = folder / "models" / "xgboost" / "v1.0.0"
    assert json.loads(run("verify", bundle, "--json"))["max_difference"] < 1e-2
    (tmp_path / "rows.json").write_text(json.dumps([dict.fromkeys(NAMES, 0.5), [0, 0, 0, 0]]))
    answers = json.loads(run("predict", bundle, tmp_path / "rows.json", "--json"))
    assert [*answers[0]] == ["prediction"]
    assert f"{answers[0]['prediction']:.7g}" in run("predict", bundle, tmp_path / "rows.json")


def test_the_checklist_knows_regressors(folder):
    report = preflight(
        services.load(folder / "service.toml"),
        folder / "models",
        lambda bundle: speed(bundle, iter(np.arange(1e6) / 1e4).__next__),
        lambda: Costs(100, 100),
    )
    wrong = [check for check in report.checks if not check.is_ok]
    assert {check.name for check in wrong} <= {"memory"}, wrong  # that of this process, with all other tests in it
    found = {check.name: check for check in report.checks if check.subject in ("plots", "forest")}
    assert found["auto"].expected == "the best rmse"
    assert found["performance"].found.startswith("rmse ")


def test_the_registry_knows_what_a_regressor_predicts(folder):
    run("models", "register", "forest", "1.0.0", "--registry", folder / "models")
    shown = run("models", "info", "forest", "--registry", folder / "models")
    assert "yield in kg_per_ha" in shown
    assert "labels flipped" not in shown
    assert "rmse " in run("models", "list", "--registry", folder / "models")


def test_two_regressors_are_compared_by_the_truth(folder, native):
    sides = [folder / "models" / name / "v1.0.0" for name in ("xgboost", "forest")]
    options = ("--rows", folder / "test.parquet", "--target", "yield", "--no-speed")
    told = json.loads(run("models", "compare", *sides, *options, "--json"))["predictions"]
    rows, truth = (part[TRAINED:] for part in plots())
    for side, name in (("first", "xgboost"), ("second", "forest")):
        expected = of_values(np.asarray(native[name].predict(rows), np.float64), truth)
        assert told["judged"][side] == pytest.approx(expected, rel=1e-4)
    apart = np.abs(native["xgboost"].predict(rows) - native["forest"].predict(rows))
    assert (told["mean"], told["p95"]) == pytest.approx(
        (apart.mean(), np.percentile(apart, 95, method="lower")), rel=1e-3
    )
    screen = run("models", "compare", *sides, *options)
    assert "labels flipped" not in screen
    assert len(screen.splitlines()) <= 50
