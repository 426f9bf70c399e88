"""Lambda entry point of the online API. Only wires: a model is loaded once a cold start, never in a request."""

import os

from functions.predict.app import create_app
from functions.predict.asgi import Front
from functions.predict.audit import audit
from functions.predict.discretion import discreet, hush_libraries
from functions.predict.events import Dispatcher
from functions.predict.lambda_telemetry import LambdaTelemetry
from functions.predict.reload import baked
from functions.predict.start import after_restore, start, stocked
from serinus import service as services
from serinus.settings import AuditSettings, FeatureSettings, PredictSettings

release = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "local")
settings = PredictSettings.from_env({"SERINUS_RELEASE": release} | os.environ)
service = services.load(settings.service)
hush_libraries(service)
telemetry = LambdaTelemetry(service.name, settings.release)
ensemble = start(service, settings.models, telemetry)
stock = stocked(service, FeatureSettings.from_env(os.environ).features_address)
after_restore(stock, os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", ""))

front = Front(audit=audit(service, AuditSettings.from_env(os.environ), settings.release))
app = create_app(ensemble, telemetry, release=settings.release, routes=baked(), front=front, stock=stock)

handler = discreet(Dispatcher(app), service)
