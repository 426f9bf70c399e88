from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from services.kepler.augmentation import ENOUGH, augmented
from services.kepler.classifiers import random_forest, xgboost
from services.kepler.curve_files import write_parquet
from services.kepler.evaluation import cross_validated, evaluate, held_out
from services.kepler.light_curves import FEATURE_NAMES, LABELS, LightCurves
from services.kepler.simulator import blocks, simulate


@pytest.fixture(scope="module")
def curves() -> LightCurves:
    return simulate(300, seed=3)


def test_few_curves_are_also_seen_mirrored_and_shifted(curves: LightCurves) -> None:
    more = augmented(curves)
    assert len(more) == 6 * len(curves)
    np.testing.assert_array_equal(more.flux[len(curves) : 2 * len(curves)], curves.flux)
    np.testing.assert_array_equal(more.flux[:300], np.roll(curves.flux, -1, axis=1))
    np.testing.assert_array_equal(more.flux[4 * 300 : 5 * 300], curves.flux[:, ::-1])
    np.testing.assert_array_equal(more.labels, np.tile(curves.labels, 6))


def test_enough_curves_are_left_alone() -> None:
    flux = np.zeros((ENOUGH, 784), np.float32)
    many = LightCurves(flux, np.zeros(ENOUGH, np.int64), np.arange(ENOUGH))
    assert augmented(many) is many


def test_the_figures_are_those_of_the_confusion_matrix() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2])
    shares = np.eye(3)[[0, 1, 1, 1, 2, 0]] * 0.8 + 0.2 / 3
    evaluation = evaluate(labels, shares)
    assert evaluation.confusion.tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]
    assert evaluation.performance["accuracy"] == pytest.approx(4 / 6, abs=1e-4)
    assert evaluation.performance["recall"] == pytest.approx((0.5 + 1 + 0.5) / 3, abs=1e-4)
    assert evaluation.performance["precision"] == pytest.approx((1 / 2 + 2 / 3 + 1) / 3, abs=1e-4)


def test_cross_validation_judges_every_curve_once_and_unseen(curves: LightCurves) -> None:
    memorised = held_out(random_forest(curves, 0), curves)
    honest = cross_validated(random_forest, curves, folds=5, seed=0)
    assert honest.confusion.sum() == len(curves)
    assert 1 / 3 < honest.performance["accuracy"] < memorised.performance["accuracy"]


@pytest.mark.parametrize("train", [xgboost, random_forest])
def test_a_saved_classifier_answers_as_the_trained_one(
    train: Callable[[LightCurves, int], object], curves: LightCurves, tmp_path: Path
) -> None:
    classifier = train(curves, 0)
    classifier.save(tmp_path)  # type: ignore[attr-defined]
    rows = joblib.load(tmp_path / "preprocessing.pkl").transform(curves.flux)
    shares = classifier.shares(curves.flux)  # type: ignore[attr-defined]
    np.testing.assert_allclose(_loaded(tmp_path, rows), shares, atol=1e-12)  # threads add up a forest in any order


def _loaded(folder: Path, rows: np.ndarray) -> np.ndarray:
    if (folder / "model.pkl").exists():
        return np.asarray(joblib.load(folder / "model.pkl").predict_proba(rows))
    from xgboost import XGBClassifier

    model = XGBClassifier()
    model.load_model(folder / "model.json")
    return np.asarray(model.predict_proba(rows))


def test_a_table_of_curves_keeps_their_order_and_their_empty_bins(tmp_path: Path) -> None:
    file = tmp_path / "curves.parquet"
    write_parquet(file, blocks(2_000, seed=1, size=1_000), rows=2_000, console=Console(quiet=True))
    table, expected = pq.read_table(file), simulate(2_000, seed=1)
    assert table.column_names == ["kepid", "label", *FEATURE_NAMES]
    assert table["kepid"].to_pylist() == expected.kepid.tolist()
    assert table["label"].to_pylist() == [LABELS[number] for number in expected.labels]
    flux = np.stack([table[name].to_numpy() for name in FEATURE_NAMES], axis=1)
    np.testing.assert_array_equal(flux, expected.flux)
    assert [path.name for path in tmp_path.iterdir()] == ["curves.parquet"]
