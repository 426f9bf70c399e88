"""The main job on real light curves: train, export, verify, serve, score, report."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from serinus.bundle import Bundle
from serinus.golden import replay
from serinus.predictor import Predictor
from services.kepler.classifiers import xgboost
from services.kepler.evaluation import cross_validated
from services.kepler.light_curves import LABELS, load

MODELS = ("keras_cnn", "xgboost", "random_forest")


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Path:
    return shared_data / "kepler" / "kepler_fold784_dev.npz"


@pytest.fixture(scope="module")
def curves(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every sixth of the real curves: six networks are trained on them."""
    file = tmp_path_factory.mktemp("curves") / "real.npz"
    with np.load(real, allow_pickle=True) as all_curves:
        np.savez(file, **{name: array[::6] for name, array in all_curves.items()})
    return file


@pytest.fixture(scope="module")
def home(curves: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo on real curves left everything."""
    home = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "services.kepler.demo", "--data", str(curves), "--out", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return home


def test_boosted_trees_tell_real_curves_apart(real: Path) -> None:
    assert cross_validated(xgboost, load(real), folds=5, seed=0).performance["accuracy"] >= 0.80


@pytest.mark.keras
def test_the_models_are_judged_by_curves_they_have_not_seen(home: Path) -> None:
    evaluation = json.loads((home / "originals" / "evaluation.json").read_text())
    assert list(evaluation) == list(MODELS)
    for name in MODELS:
        assert evaluation[name]["training"]["cross_validation_folds"] == 5
        assert 0.6 < evaluation[name]["performance"]["accuracy"] < 0.95


@pytest.mark.keras
@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_real_curves_is_proven_equal(home: Path, name: str) -> None:
    bundle = Bundle.load(home / "models" / name / "v1.0.0")
    parity = bundle.metadata.parity
    assert parity.rows >= 10_000
    assert parity.max_difference <= 1e-5
    assert parity.label_flips == 0
    assert bundle.metadata.nan_policy == "allow"
    assert replay(bundle, Predictor(bundle)).is_equal


@pytest.mark.keras
@pytest.mark.parametrize("name", MODELS)
def test_every_real_curve_is_scored_in_order(home: Path, curves: Path, name: str) -> None:
    truth = load(curves)
    parts = sorted((home / "scored" / name / "predictions").iterdir())
    tables = [pq.read_table(part) for part in parts]
    assert [kepid for table in tables for kepid in table["kepid"].to_pylist()] == truth.kepid.tolist()
    assert {said for table in tables for said in table["prediction"].to_pylist()} <= set(LABELS)


@pytest.mark.keras
def test_the_report_stands_alone_and_shows_pictures(home: Path) -> None:
    page = (home / "report.html").read_text()
    assert page.count("<svg") >= 5
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ).replace("https://matplotlib.org", "")
    for label in LABELS:
        assert label in page
