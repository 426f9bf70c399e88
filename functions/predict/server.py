"""The same API under uvicorn: on a laptop, and in a container without Lambda."""

import os
from dataclasses import replace
from pathlib import Path

from starlette.types import ASGIApp

from functions.predict.audit import audit
from functions.predict.discretion import hush_libraries
from functions.predict.front import front
from functions.predict.generation import Generation
from functions.predict.reload import Current
from functions.predict.server_telemetry import ServerTelemetry
from functions.predict.serving import Serving
from serinus import service as services
from serinus.settings import AccessSettings, AuditSettings, FeatureSettings, PredictSettings

MULTIPROC = "PROMETHEUS_MULTIPROC_DIR"  # where several workers share what they count, and that they reload


def application() -> ASGIApp:
    """The app of the service that the environment names; uvicorn calls this in every worker."""
    settings = PredictSettings.from_env(os.environ)
    service = services.load(settings.service)
    hush_libraries(service)
    before = front(service, AccessSettings.from_env(os.environ))
    around = replace(before, audit=audit(service, AuditSettings.from_env(os.environ), settings.release))
    telemetry = ServerTelemetry(service.name, settings.release, multiprocess=MULTIPROC in os.environ)
    generation = Generation(Path(os.environ[MULTIPROC], "generation")) if MULTIPROC in os.environ else None
    address = FeatureSettings.from_env(os.environ).features_address
    serving = Serving(settings, address, telemetry, around)
    return Current(serving.make, telemetry, generation, routes=(telemetry.route,))
