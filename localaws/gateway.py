"""API Gateway on loopback: every API that moto knows can be opened, on a port of its own."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Self

from moto.apigateway.models import apigateway_backends
from moto.apigatewayv2.models import apigatewayv2_backends
from moto.cloudwatch.models import cloudwatch_backends

from localaws.buckets import Meters
from localaws.door import Door, Front
from localaws.exchange import Api, Invoke
from localaws.gateway_metrics import HttpNames, Names, Requests, RestNames
from localaws.http_api.api import HttpApi
from localaws.rest_api import patches
from localaws.rest_api.api import RestApi

ACCOUNT = "123456789012"
THREADS = 256  # more calls than these at a time wait for one to end


class NoSuchApi(LookupError):
    """moto has no API of this id in this region."""


class Gateways:
    """`invoke` runs a function; it is called from many threads at once. Leaving the context closes every door."""

    def __init__(self, invoke: Invoke, *, region: str = "us-east-1", meters: Meters | None = None) -> None:
        patches.apply()
        self._invoke = invoke
        self._region = region
        self._meters = meters or Meters()
        self._urls: dict[str, str] = {}
        self._open = ExitStack()
        self._requests = Requests(cloudwatch_backends[ACCOUNT][region].put_metric_data)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="gateway-call")

    def __enter__(self) -> Self:
        self._open.enter_context(self._requests)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, api_id: str, *, port: int = 0) -> str:
        """The URL under which the API answers from now on, however often it is deployed again.

        A REST API's stages are the first part of the path: URL/prod/...
        """
        if api_id not in self._urls:
            api, names = self._api(api_id)
            front = Front(api, self._invoke, self._threads, partial(self._requests.tell, names))
            door = self._open.enter_context(Door(front, port))
            self._urls[api_id] = f"http://127.0.0.1:{door.port}"
        return self._urls[api_id]

    def close(self) -> None:
        """Calls that run on are not waited for: each ends at its function's timeout."""
        self._open.close()
        self._urls.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _api(self, api_id: str) -> tuple[Api, Names]:
        http, rest = apigatewayv2_backends[ACCOUNT][self._region], apigateway_backends[ACCOUNT][self._region]
        if api_id in http.apis:
            return HttpApi(lambda: http.apis.get(api_id), self._meters), HttpNames(api_id)
        if api_id in rest.apis:
            api = RestApi(lambda: (rest, rest.apis.get(api_id)), self._meters)
            return api, RestNames(rest.apis[api_id].name)
        raise NoSuchApi(f"expected the id of an API in {self._region}, got {api_id}")
