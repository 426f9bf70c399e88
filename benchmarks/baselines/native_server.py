"""The old design, by hand: FastAPI, a pydantic model and the native library, as the owners' documents show it.

    python -m benchmarks.baselines.native_server MODEL ORIGINALS PORT

Two kindnesses to it: the forest runs on one thread, which on one core is faster than the two it was saved with, and
no access log is written.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import uvicorn
from fastapi import FastAPI
from numpy.typing import NDArray
from pydantic import BaseModel

from services.kepler.light_curves import LABELS

Matrix = NDArray[np.floating]


class PredictBody(BaseModel):
    features: list[float]
    model: str = "auto"
    return_probabilities: bool = True
    return_all_models: bool = False


def create_app(model: str, originals: Path) -> FastAPI:
    app = FastAPI()
    shares = NATIVE[model](originals / model)
    preprocessing = joblib.load(originals / model / "preprocessing.pkl")

    @app.post("/api/v1/predict")
    async def predict(body: PredictBody) -> dict[str, Any]:
        rows = preprocessing.transform(np.array([body.features]))
        [probabilities] = shares(rows)
        best = int(np.argmax(probabilities))
        return {
            "class": LABELS[best],
            "confidence": float(probabilities[best]),
            "probabilities": dict(zip(LABELS, probabilities.tolist(), strict=True)),
        }

    return app


def _xgboost(folder: Path) -> Callable[[Matrix], Matrix]:
    import xgboost as xgb

    booster = xgb.Booster()
    booster.load_model(folder / "model.json")
    return lambda rows: booster.predict(xgb.DMatrix(rows))


def _random_forest(folder: Path) -> Callable[[Matrix], Matrix]:
    forest = joblib.load(folder / "model.pkl")
    forest.n_jobs = 1
    return lambda rows: forest.predict_proba(rows)


def _keras_cnn(folder: Path) -> Callable[[Matrix], Matrix]:
    import keras

    network = keras.models.load_model(folder / "model.keras")
    return lambda rows: network.predict(rows.reshape(1, -1, 1), verbose=0)


NATIVE = {"xgboost": _xgboost, "random_forest": _random_forest, "keras_cnn": _keras_cnn}


if __name__ == "__main__":
    name, folder, port = sys.argv[1:]
    uvicorn.run(create_app(name, Path(folder)), port=int(port), log_level="warning", access_log=False)
