"""What an export of a large model may cost: half a minute and 2 GB."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xgboost
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from serinus.bundle import Bundle
from serinus.schema import Rows
from tests.export.originals import pickled

pytestmark = pytest.mark.no_cover  # traced, it takes half as long again, and others reach the same lines

MOST_S = 30
MOST_BYTES = 2e9
MEASURE = (
    "import resource, sys; from serinus.bench import peak_mb; from serinus.cli import main\n"
    "sys.argv = ['serinus', *sys.argv[1:]]\n"
    "try:\n    main()\n"
    "finally:\n"
    "    used = resource.getrusage(resource.RUSAGE_SELF)\n"
    "    print(used.ru_utime + used.ru_stime, peak_mb() * 2**20)\n"
)


def noisy() -> tuple[Rows, NDArray[np.int64]]:
    """Rows whose classes are half chance, so that trees grow until each leaf holds a row or two."""
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(2_500, 30)).astype(np.float32)
    return rows, np.digitize(rows[:, 0] + rows[:, 1] * rows[:, 2] + generator.normal(size=2_500), [-0.5, 0.8])


def boosted(folder: Path) -> Path:
    """200 rounds of three classes."""
    rows, targets = noisy()
    xgboost.XGBClassifier(n_estimators=200, max_depth=6, max_bin=32, n_jobs=1).fit(rows, targets).save_model(
        folder / "model.json"
    )
    return folder / "model.json"


def forest(folder: Path) -> Path:
    rows, targets = noisy()
    fitted = RandomForestClassifier(200, random_state=0).fit(rows, targets)
    assert sum(tree.tree_.node_count for tree in fitted.estimators_) > 150_000
    return pickled(folder / "model.pkl", fitted)


@pytest.mark.parametrize("made", [boosted, forest], ids=["600 boosted trees", "a forest of 200 trees"])
def test_a_large_model_is_exported_in_half_a_minute_and_2_gb(tmp_path: Path, made: object) -> None:
    assert callable(made)
    source = made(tmp_path)
    np.save(tmp_path / "sample.npy", noisy()[0])
    arguments = ["export", source, "--name", "large", "--version", "1.0.0", "--out", tmp_path / "models"]
    command = [sys.executable, "-c", MEASURE, *arguments, "--sample", tmp_path / "sample.npy"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    cpu_s, peak_bytes = map(float, done.stdout.splitlines()[-1].split())
    assert Bundle.load(tmp_path / "models/large/v1.0.0").metadata.parity.rows > 20_000
    assert cpu_s < MOST_S
    assert peak_bytes < MOST_BYTES
