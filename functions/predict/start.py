"""What every entry point of the API does first: load and verify the service's models, and run each once."""

from pathlib import Path
from time import perf_counter

from functions.predict.telemetry import Telemetry
from serinus.bundle import Bundle
from serinus.ensemble import Ensemble
from serinus.predictor import Predictor
from serinus.service import Service


def start(service: Service, models: Path, telemetry: Telemetry) -> Ensemble:
    """The service's models, loaded and warm. A broken bundle, or one that does not fit, stops the start."""
    predictors = {name: _loaded(folder, telemetry) for name, folder in service.bundles(models).items()}
    return Ensemble.of(service, predictors)


def _loaded(folder: Path, telemetry: Telemetry) -> Predictor:
    begin = perf_counter()
    predictor = Predictor(Bundle.load(folder))
    predictor.warm()
    telemetry.loaded(predictor.metadata.model_name, predictor.metadata.version, perf_counter() - begin)
    return predictor
