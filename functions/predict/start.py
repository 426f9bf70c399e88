"""What every entry point of the API does first: take up the service's models once they are loaded, open its store."""

from time import time

from functions.predict.asgi import Layer, bare
from functions.predict.loading import Loading
from functions.predict.stock import Stock
from functions.predict.telemetry import Telemetry
from serinus.ensemble import Ensemble
from serinus.sections import Gateway
from serinus.service import Service

HOUR_S = 3600
SNAP_START = "snap-start"


def start(service: Service, loading: Loading, telemetry: Telemetry) -> Ensemble:
    """The service's models, loaded and warm. A broken bundle, or one that does not fit, stops the start."""
    loaded = loading.all()
    ensemble = Ensemble.of(service, {name: one.predictor for name, one in loaded.items()})
    for name, (predictor, seconds) in loaded.items():
        if predictor is not loading.known.get(name):
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


def crossing(gateway: Gateway) -> Layer:
    """CORS on Lambda: an HTTP API does it by itself, a REST API leaves it to the service."""
    if gateway.kind == "http" or not gateway.cors:
        return bare
    from functions.predict.cors import cors  # a service without browsers need not wait for it

    return cors(gateway.cors)


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
