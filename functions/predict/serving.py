"""Makes what a server answers with out of what lies on disk: at its start, and again whenever it is to reload."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.routing import BaseRoute

from functions.predict.app import create_app
from functions.predict.asgi import Front
from functions.predict.loading import NONE, Loading
from functions.predict.reload import Served
from functions.predict.start import start, stocked
from functions.predict.telemetry import Telemetry
from serinus import service as services
from serinus.errors import ServiceError
from serinus.service import Service
from serinus.settings import PredictSettings


@dataclass(frozen=True)
class Serving:
    """address: of the feature store, unless service.toml says it; front: stays as it is while models come and go."""

    settings: PredictSettings
    address: str
    telemetry: Telemetry
    front: Front

    def make(self, before: Served | None, routes: Sequence[BaseRoute]) -> Served:
        """What answers from now on; BundleError or ServiceError when what lies on disk cannot be served."""
        service = services.load(self.settings.service)
        if before is not None:
            check_stays(before.ensemble.service, service)
        known = before.ensemble.predictors if before else NONE
        ensemble = start(service, Loading(service, self.settings.models, known), self.telemetry)
        keeps = before is not None and before.ensemble.service.features == service.features
        stock = before.stock if before and keeps else stocked(service, self.address)
        app = create_app(
            ensemble, self.telemetry, release=self.settings.release, routes=routes, front=self.front, stock=stock
        )
        return Served(app, ensemble, stock)


def check_stays(before: Service, after: Service) -> None:
    """ServiceError when `after` says what only a restart can change: who may ask, and what is written of it."""
    gateway = after.gateway.model_copy(update={"max_batch_size": before.gateway.max_batch_size})
    for what, old, new in (
        ("[service] name", before.name, after.name),
        ("[gateway]", before.gateway, gateway),
        ("[privacy]", before.privacy, after.privacy),
    ):
        if old != new:
            raise ServiceError(f"{what} was changed: restart the server, a reload takes up models, fields and features")
