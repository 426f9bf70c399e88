"""The same API under uvicorn: on a laptop, and in a container without Lambda."""

import os
from dataclasses import replace

from starlette.types import ASGIApp

from functions.predict.app import create_app
from functions.predict.audit import audit
from functions.predict.front import front
from functions.predict.server_telemetry import ServerTelemetry
from functions.predict.start import start
from serinus import service as services
from serinus.settings import AccessSettings, AuditSettings, PredictSettings

MULTIPROC = "PROMETHEUS_MULTIPROC_DIR"


def application() -> ASGIApp:
    """The app of the service that the environment names; uvicorn calls this in every worker."""
    settings = PredictSettings.from_env(os.environ)
    service = services.load(settings.service)
    before = front(service, AccessSettings.from_env(os.environ))
    around = replace(before, audit=audit(service, AuditSettings.from_env(os.environ), settings.release))
    telemetry = ServerTelemetry(service.name, settings.release, multiprocess=MULTIPROC in os.environ)
    ensemble = start(service, settings.models, telemetry)
    return create_app(ensemble, telemetry, release=settings.release, routes=(telemetry.route,), front=around)
