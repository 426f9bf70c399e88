"""One side of the bulk benchmark, in a process of its own: loads, says "ready", waits for a line, scores the file.

    python -m benchmarks.baselines.bulk_sides SIDE MODEL FILE FOLDER OUT

FOLDER holds our bundles or the originals. The native side is pandas and the model's own library, by hand, at the
settings found fastest: Booster.inplace_predict (a DMatrix takes four times as long), the forest on both cores, the
network as a tf.function over batches of 1,024 (model.predict takes three times as long). It writes nothing.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.kepler.light_curves import BINS, FEATURE_NAMES

SERVICE = Path(__file__).parents[2] / "services/kepler/service.toml"
NETWORK_BATCH = 1024
Matrix = NDArray[np.floating]
Score = Callable[[], int]


def ours(model: str, file: Path, models: Path, out: Path) -> Score:
    from serinus import service as services
    from serinus.bulk import local
    from serinus.bulk.plan import Request, plan
    from serinus.bulk.scorer import load

    scorer = load(services.load(SERVICE), models, model)
    return lambda: local.run(plan(Request(file), scorer), out, workers=2).manifest.rows_ok


def native(model: str, file: Path, originals: Path, out: Path) -> Score:
    import joblib
    import pandas as pd

    read = pd.read_parquet if file.suffix == ".parquet" else pd.read_csv
    preprocessing = joblib.load(originals / model / "preprocessing.pkl")
    shares = NATIVE[model](originals / model)
    shares(preprocessing.transform(np.zeros((NETWORK_BATCH, BINS), np.float32)))

    def score() -> int:
        rows = read(file)[list(FEATURE_NAMES)].to_numpy(np.float32)
        return len(shares(preprocessing.transform(rows)))

    return score


def _xgboost(folder: Path) -> Callable[[Matrix], Matrix]:
    import xgboost as xgb

    booster = xgb.Booster({"nthread": 2})
    booster.load_model(folder / "model.json")
    return lambda rows: booster.inplace_predict(rows)


def _random_forest(folder: Path) -> Callable[[Matrix], Matrix]:
    import joblib

    forest = joblib.load(folder / "model.pkl")
    forest.n_jobs = 2
    return lambda rows: forest.predict_proba(rows)


def _keras_cnn(folder: Path) -> Callable[[Matrix], Matrix]:
    import keras
    import tensorflow as tf

    network = keras.models.load_model(folder / "model.keras")
    answer = tf.function(
        lambda rows: network(rows, training=False), input_signature=[tf.TensorSpec((None, BINS, 1), tf.float32)]
    )

    def shares(rows: Matrix) -> Matrix:
        batches = range(0, len(rows), NETWORK_BATCH)
        return np.concatenate(
            [answer(rows[i : i + NETWORK_BATCH, :, None].astype(np.float32)).numpy() for i in batches]
        )

    return shares


NATIVE: dict[str, Any] = {"xgboost": _xgboost, "random_forest": _random_forest, "keras_cnn": _keras_cnn}
SIDES = {"ours": ours, "native": native}


def main() -> None:
    side, model, *paths = sys.argv[1:]
    score = SIDES[side](model, *map(Path, paths))
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.perf_counter()
    rows = score()
    seconds = time.perf_counter() - start
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"rows": rows, "seconds": seconds, "max_rss_mb": peak_kb / 1024}), flush=True)


if __name__ == "__main__":
    main()
