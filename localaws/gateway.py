"""API Gateway on loopback: every API that moto knows can be opened, on a port of its own."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any, Self

from moto.apigatewayv2.models import apigatewayv2_backends

from localaws.buckets import Meters
from localaws.door import Door, Front
from localaws.exchange import Api, Invoke
from localaws.http_api.api import HttpApi

ACCOUNT = "123456789012"
THREADS = 256  # more calls than these at a time wait for one to end


class NoSuchApi(LookupError):
    """moto has no API of this id in this region."""


class Gateways:
    """`invoke` runs a function; it is called from many threads at once. Leaving the context closes every door."""

    def __init__(self, invoke: Invoke, *, region: str = "us-east-1", meters: Meters | None = None) -> None:
        self._invoke = invoke
        self._region = region
        self._meters = meters or Meters()
        self._urls: dict[str, str] = {}
        self._open = ExitStack()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="gateway-call")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, api_id: str, *, port: int = 0) -> str:
        """The URL under which the API answers from now on, however often it is deployed again."""
        if api_id not in self._urls:
            door = self._open.enter_context(Door(Front(self._api(api_id), self._invoke, self._threads), port))
            self._urls[api_id] = f"http://127.0.0.1:{door.port}"
        return self._urls[api_id]

    def close(self) -> None:
        """Calls that run on are not waited for: each ends at its function's timeout."""
        self._open.close()
        self._urls.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _api(self, api_id: str) -> Api:
        found = partial(_http_api, self._region, api_id)
        if found() is not None:
            return HttpApi(found, self._meters)
        raise NoSuchApi(f"expected the id of an API in {self._region}, got {api_id}")


def _http_api(region: str, api_id: str) -> Any:
    return apigatewayv2_backends[ACCOUNT][region].apis.get(api_id)
