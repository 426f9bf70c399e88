"""What every entry point of the API does first: load and verify the service's models, run each once, open its store."""

from collections.abc import Mapping
from pathlib import Path
from time import perf_counter, time
from types import MappingProxyType

from functions.predict.stock import Stock
from functions.predict.telemetry import Telemetry
from serinus.bundle import Bundle
from serinus.ensemble import Ensemble
from serinus.predictor import Predictor
from serinus.service import Service

NONE: Mapping[str, Predictor] = MappingProxyType({})
HOUR_S = 3600
SNAP_START = "snap-start"


def start(service: Service, models: Path, telemetry: Telemetry, known: Mapping[str, Predictor] = NONE) -> Ensemble:
    """The service's models, loaded and warm. A broken bundle, or one that does not fit, stops the start.

    known: models that are loaded, and answer on where their bundles are still the same
    """
    timed = {name: _loaded(folder, known.get(name)) for name, folder in service.bundles(models).items()}
    ensemble = Ensemble.of(service, {name: predictor for name, (predictor, _) in timed.items()})
    for name, (predictor, seconds) in timed.items():
        if predictor is not known.get(name):
            telemetry.loaded(name, predictor.metadata.version, seconds)
    return ensemble


def stocked(service: Service, address: str) -> Stock | None:
    """The stored features of `service`, if it has any, and a connection to them; a store that is down may come back."""
    if service.features is None:
        return None
    from serinus.stores import open_lookup, open_store  # a service without a store need not wait for it

    store = open_store(service, address)
    hours = service.features.max_age_h
    stock = Stock(open_lookup(service, store), store, None if hours is None else hours * HOUR_S, time)
    stock.is_available()
    return stock


def after_restore(stock: Stock | None, initialization: str) -> None:
    """What each copy does anew that Lambda's SnapStart makes of a started function; initialization: as Lambda tells it.

    Only stored features need something: their connections ended with the machine that was copied, and the pauses
    before retries, random so that not all come at once, would be the same in every copy. Otherwise nothing is imported.
    """
    if stock is None or initialization != SNAP_START:
        return
    import random

    from snapshot_restore_py import register_after_restore

    register_after_restore(random.seed)
    register_after_restore(stock.reconnect)


def _loaded(folder: Path, known: Predictor | None) -> tuple[Predictor, float]:
    begin = perf_counter()
    bundle = Bundle.load(folder)
    if known is not None and known.digest == bundle.digest:
        return known, 0.0
    predictor = Predictor(bundle)
    predictor.warm()
    return predictor, perf_counter() - begin
