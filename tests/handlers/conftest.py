"""Services as the handlers meet them, in this process."""

import asyncio
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from functions.predict.app import create_app
from functions.predict.reload import baked
from functions.predict.server_telemetry import ServerTelemetry
from functions.predict.stock import Stock
from serinus import service as services
from serinus.category import Category
from serinus.ensemble import Ensemble
from tests.bundles import write_service

NAMES = ("colour", "depth", "plan", "period")
COLOUR = Category(words=("red", "green", "blue"))
PLAN = Category(words=("1", "2", "nan"), others="unknown")


@dataclass(frozen=True)
class Api:
    """One service's API, called in this process, and what it logs."""

    app: ASGIApp
    ensemble: Ensemble
    log: io.StringIO

    def get(self, path: str, **how: Any) -> httpx.Response:
        return self.request("GET", path, **how)

    def post(self, path: str, body: object = None, **how: Any) -> httpx.Response:
        """POST `body`: bytes and streams as they are, anything else as JSON."""
        raw = isinstance(body, bytes) or hasattr(body, "__aiter__")
        return self.request("POST", path, content=body if raw else json.dumps(body).encode(), **how)

    def request(self, method: str, path: str, **how: Any) -> httpx.Response:
        async def exchange() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://serinus") as client:
                return await client.request(method, path, **how)

        return asyncio.run(exchange())

    @property
    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def api_of(ensemble: Ensemble, stock: Stock | None = None) -> Api:
    log = io.StringIO()
    telemetry = ServerTelemetry(ensemble.service.name, "7", log=log)
    for name, predictor in ensemble.predictors.items():
        telemetry.loaded(name, predictor.metadata.version, 0.001)
    app = create_app(ensemble, telemetry, release="7", routes=(telemetry.route, *baked()), stock=stock)
    return Api(app, ensemble, log)


def loaded(file: Path) -> Ensemble:
    return Ensemble.load(services.load(file), file.parent / "models")


@pytest.fixture(scope="session")
def kepler(tmp_path_factory) -> Api:
    """784 features, none of which may be missing; three models."""
    folder = tmp_path_factory.mktemp("session") / "kepler"
    return api_of(loaded(write_service(folder, "keras_cnn", "xgboost", "random_forest", features=784)))


@pytest.fixture(scope="session")
def gappy(tmp_path_factory) -> Api:
    """Three features, any of which may be missing; one model."""
    folder = tmp_path_factory.mktemp("session") / "gappy"
    return api_of(loaded(write_service(folder, "linear", nan_policy="allow")))


@pytest.fixture(scope="session")
def wordy(tmp_path_factory) -> Api:
    """Four features with names, two of them words; any may be missing; two models."""
    folder = tmp_path_factory.mktemp("session") / "wordy"
    how = {"names": NAMES, "categories": {0: COLOUR, 2: PLAN}, "nan_policy": "allow"}
    extra = "[bulk]\nmax_bad_rate = 0.9\n"
    return api_of(loaded(write_service(folder, "linear", "bent", features=len(NAMES), extra=extra, **how)))


@pytest.fixture
def fresh(tmp_path) -> Api:
    """A service of one's own, to break."""
    return api_of(loaded(write_service(tmp_path / "fresh", "linear", "bent")))
