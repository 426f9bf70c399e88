"""A REST API knows the binary media types that it was created with.

AWS: CreateRestApi takes `binaryMediaTypes`. moto 5.2.5: takes them without an error and forgets them.
"""

import json
from typing import Any

from moto.apigateway.responses import APIGatewayResponse

_create_rest_api = APIGatewayResponse.create_rest_api


def apply() -> None:
    setattr(APIGatewayResponse, "create_rest_api", create_rest_api)  # noqa: B010  mypy takes no assignment to a method


def create_rest_api(self: Any) -> Any:
    types = self._get_param("binaryMediaTypes")
    made = _create_rest_api(self)
    if not types or not isinstance(made, tuple) or made[0] != 200:
        return made
    api = self.backend.apis[json.loads(made[2])["id"]]
    api.binaryMediaTypes = list(types)
    return 200, {}, json.dumps(api.to_dict())
