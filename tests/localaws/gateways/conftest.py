"""A service of test-made bundles and its function, started once for all tests of the gateways."""

from collections.abc import Iterator

import pytest

from localaws.gateway import Gateways
from tests.bundles import write_service
from tests.localaws.gateways.apis import Functions, functions, gateways


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
