"""Lambda entry point of the online API. Only wires: a model is loaded once a cold start, never in a request."""

import os
from pathlib import Path

from functions.predict.head_start import HeadStart
from serinus.places import MODELS, SERVICE

ahead = HeadStart(Path(os.environ.get("SERINUS_SERVICE", SERVICE)), Path(os.environ.get("SERINUS_MODELS", MODELS)))

# While the models are opened.
from functions.predict.loading import Loading  # noqa: E402
from serinus import service as services  # noqa: E402
from serinus.settings import AuditSettings, FeatureSettings, PredictSettings  # noqa: E402

release = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "local")
settings = PredictSettings.from_env({"SERINUS_RELEASE": release} | os.environ)
service = services.load(settings.service)
loading = Loading(service, settings.models, ahead=ahead)

# While they are verified.
from functions.predict.app import create_app  # noqa: E402
from functions.predict.asgi import Front  # noqa: E402
from functions.predict.audit import audit  # noqa: E402
from functions.predict.discretion import discreet, hush_libraries  # noqa: E402
from functions.predict.events import Dispatcher  # noqa: E402
from functions.predict.lambda_telemetry import LambdaTelemetry  # noqa: E402
from functions.predict.reload import baked  # noqa: E402
from functions.predict.start import after_restore, crossing, start, stocked  # noqa: E402

hush_libraries(service)
telemetry = LambdaTelemetry(service.name, settings.release)
stock = stocked(service, FeatureSettings.from_env(os.environ).features_address)
after_restore(stock, os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", ""))
audited = audit(service, AuditSettings.from_env(os.environ), settings.release)
front = Front(cors=crossing(service.gateway), audit=audited)
ensemble = start(service, loading, telemetry)
app = create_app(ensemble, telemetry, release=settings.release, routes=baked(), front=front, stock=stock)

handler = discreet(Dispatcher(app), service)
