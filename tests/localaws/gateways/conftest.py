"""A service of test-made bundles and its function, started once for all tests of the gateways."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from localaws.gateway import Gateways
from tests.bundles import write_service
from tests.localaws.gateways.apis import Functions, HttpApiMaker, client, functions, gateways


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Functions]:
    folder = tmp_path_factory.mktemp("gateway")
    with functions(folder, write_service(folder / "tiny", "linear", "bent")) as running:
        yield running


@pytest.fixture
def opened(running: Functions) -> Iterator[Gateways]:
    running.seen.clear()
    with gateways(running) as opened:
        yield opened


@pytest.fixture
def asked(opened):
    """A client of an HTTP API whose routes are given as the keys of functions."""
    clients: list[httpx.Client] = []

    def make(routes: dict[str, str], **options: Any) -> httpx.Client:
        api = HttpApiMaker.new(**options)
        for key, function in routes.items():
            api.route(key, function)
        clients.append(client(opened.open(api.api_id)))
        return clients[-1]

    yield make
    for one in clients:
        one.close()
