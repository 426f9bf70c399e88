"""The three classifiers of folded light curves, at sizes that train in a minute on two cores.

Each sees the curves through its own preprocessing, which is saved beside it: the network gets empty bins filled and
everything scaled, the boosted trees get them scaled and route empty bins themselves, the forest gets medians.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from services.kepler.augmentation import augmented
from services.kepler.light_curves import BINS, LABELS, LightCurves

Flux = NDArray[np.float32]
Shares = NDArray[np.floating]
PREPROCESSING = "preprocessing.pkl"
EPOCHS = 30
BATCH = 64
SMALLEST_VARIANCE = 1e-6
DEPTH_SCALE = 0.1
NOISE_PER_MAD = 1.4826
CORES = 2
TREES, DEPTH = 150, 5


@dataclass(frozen=True)
class Classifier:
    """A trained model and its preprocessing. file: the name its framework's own format gives it."""

    preprocessing: Pipeline
    file: str
    predict: Callable[[Flux], Shares]
    write: Callable[[Path], None]
    facts: dict[str, Any] = field(default_factory=dict)

    def shares(self, flux: Flux) -> Shares:
        """Probabilities [N, 3] of LABELS for curves float32 [N, 784]."""
        return self.predict(self.preprocessing.transform(flux))

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.write(folder / self.file)
        joblib.dump(self.preprocessing, folder / PREPROCESSING)


Train = Callable[[LightCurves, int], Classifier]


def keras_cnn(curves: LightCurves, seed: int) -> Classifier:
    """A 1-D convolutional network; Adam, early stopping on a tenth of the curves."""
    import keras

    keras.utils.set_random_seed(seed)
    preprocessing = make_pipeline(SimpleImputer(strategy="constant", fill_value=0.0), StandardScaler())
    preprocessing.fit(curves.flux)
    _level(preprocessing[-1], curves.flux)
    watched = len(curves) // 10
    learnt = augmented(curves.only(np.arange(watched, len(curves))))
    model = _network()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    stop = keras.callbacks.EarlyStopping("val_accuracy", patience=4, restore_best_weights=True)
    history = model.fit(
        preprocessing.transform(learnt.flux)[..., None],
        learnt.labels,
        validation_data=(preprocessing.transform(curves.flux[:watched])[..., None], curves.labels[:watched]),
        epochs=EPOCHS,
        batch_size=BATCH,
        callbacks=[stop],
        verbose=0,
    )
    return Classifier(
        preprocessing,
        "model.keras",
        predict=lambda scaled: np.asarray(model.predict(scaled[..., None], batch_size=1024, verbose=0)),
        write=model.save,
        facts={"epochs": len(history.epoch), "batch_size": BATCH},
    )


def xgboost(curves: LightCurves, seed: int) -> Classifier:
    import xgboost as xgb

    preprocessing = make_pipeline(StandardScaler())
    model = xgb.XGBClassifier(
        n_estimators=TREES,
        max_depth=DEPTH,
        learning_rate=0.1,
        subsample=0.7,
        colsample_bytree=0.1,
        min_child_weight=2,
        max_bin=64,
        n_jobs=CORES,
        random_state=seed,
    )
    learnt = augmented(curves)
    model.fit(preprocessing.fit_transform(learnt.flux), learnt.labels)
    return Classifier(
        preprocessing,
        "model.json",
        model.predict_proba,
        model.save_model,
        {"trees": TREES * len(LABELS), "max_depth": DEPTH},
    )


def random_forest(curves: LightCurves, seed: int) -> Classifier:
    preprocessing = make_pipeline(SimpleImputer(strategy="median"))
    model = RandomForestClassifier(200, n_jobs=CORES, random_state=seed, min_samples_leaf=2)
    model.fit(preprocessing.fit_transform(curves.flux), curves.labels)
    return Classifier(
        preprocessing,
        "model.pkl",
        predict=model.predict_proba,
        write=lambda file: joblib.dump(model, file, compress=3),
        facts={"trees": 200},
    )


CLASSIFIERS: dict[str, Train] = {"keras_cnn": keras_cnn, "xgboost": xgboost, "random_forest": random_forest}


def _level(scaler: StandardScaler, flux: Flux) -> None:
    """One scale for all bins, the typical noise: a scale per bin would shrink the bins that hold the eclipse."""
    scaler.mean_ = np.zeros(BINS)
    scaler.scale_ = np.full(BINS, NOISE_PER_MAD * np.nanmedian(np.abs(flux)))


def _network() -> Any:
    """784 bins -> 3 probabilities. Two views of a curve: its shape, each curve normalised, and its depth, squashed."""
    from keras import Model, layers

    curve = layers.Input((BINS, 1))
    shape = layers.LayerNormalization(axis=1, epsilon=SMALLEST_VARIANCE, center=False, scale=False)(curve)
    depth = layers.Activation("softsign")(layers.Rescaling(DEPTH_SCALE)(curve))
    signal = layers.Concatenate()([shape, depth])
    for filters, width, stride in ((16, 11, 4), (32, 5, 2), (32, 5, 2)):
        signal = layers.Conv1D(filters, width, strides=stride, padding="same", use_bias=False)(signal)
        signal = layers.ReLU()(layers.BatchNormalization()(signal))
    signal = layers.Dropout(0.3)(layers.Flatten()(signal))
    signal = layers.Dropout(0.3)(layers.Dense(64, activation="relu")(signal))
    return Model(curve, layers.Dense(len(LABELS), activation="softmax")(signal))
