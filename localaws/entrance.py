"""Where the API of a stack answers on this machine, and what lets a caller in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from localaws import tokens

HTTP_API, REST_API = "AWS::ApiGatewayV2::Api", "AWS::ApiGateway::RestApi"
AUTHORIZER = "AWS::ApiGatewayV2::Authorizer"


@dataclass(frozen=True)
class Entrance:
    """headers: name and value of what a request needs; none where everybody may ask."""

    url: str
    headers: Mapping[str, str]


def entrance(
    resources: Mapping[str, str], outputs: Mapping[str, str], client: Callable[[str], Any], opened: Callable[[str], str]
) -> Entrance:
    """resources: of the stack, their ids by type; opened: opens the gateway of an API."""
    kind = next(kind for kind in (HTTP_API, REST_API) if kind in resources)
    api = resources[kind]
    url = opened(api) + urlsplit(outputs["Url"]).path.rstrip("/")
    if kind == REST_API:
        return Entrance(url, _key(outputs.get("ApiKeyId"), client))
    return Entrance(url, _token(api, resources.get(AUTHORIZER), client))


def _token(api: str, authorizer: str | None, client: Callable[[str], Any]) -> Mapping[str, str]:
    if authorizer is None:
        return {}
    said = client("apigatewayv2").get_authorizer(ApiId=api, AuthorizerId=authorizer)["JwtConfiguration"]
    return {"authorization": f"Bearer {tokens.bearer(said['Issuer'], said['Audience'][0])}"}


def _key(key: str | None, client: Callable[[str], Any]) -> Mapping[str, str]:
    return {"x-api-key": client("apigateway").get_api_key(apiKey=key, includeValue=True)["value"]} if key else {}
