"""What is deployed of an HTTP API, read from moto: routes, integrations, authorizers, stages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localaws.buckets import Limit

LONGEST_S = 30.0


@dataclass(frozen=True)
class Authorizer:
    """A JWT authorizer."""

    identity_sources: Sequence[str]
    issuer: str
    audiences: Sequence[str]


@dataclass(frozen=True)
class Integration:
    """uri: the function's ARN, with its alias or version."""

    uri: str
    payload_version: str
    timeout_s: float


@dataclass(frozen=True)
class Route:
    """authorization: NONE, JWT or what is not emulated."""

    key: str
    integration: Integration | None
    authorization: str
    authorizer: Authorizer | None
    scopes: Sequence[str]

    @property
    def emulated(self) -> bool:
        """Whether this gateway can do what the route says; it must not let anybody in where AWS would not."""
        known = self.authorization == "NONE" or (self.authorization == "JWT" and self.authorizer is not None)
        return known and self.integration is not None and self.integration.payload_version == "2.0"


@dataclass(frozen=True)
class Stage:
    name: str
    variables: Mapping[str, str]
    settings: Mapping[str, Any]
    route_settings: Mapping[str, Mapping[str, Any]]

    def limit(self, route_key: str) -> Limit | None:
        """The stage's own default when a route has no limit of its own; None where only the account's would bind."""
        settings = {**self.settings, **self.route_settings.get(route_key, {})}
        rate, burst = settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit")
        return None if rate is None or burst is None else Limit(float(rate), int(burst))


@dataclass(frozen=True)
class Deployed:
    api_id: str
    stages: Mapping[str, Stage]
    routes: Mapping[str, Route]
    cors: Mapping[str, Any] | None


def deployed(api: Any) -> Deployed:
    """Copies are made of moto's dicts in one step: it changes them in other threads."""
    authorizers = {one.id: _authorizer(one) for one in list(api.authorizers.values())}
    integrations = {one.id: _integration(one) for one in list(api.integrations.values())}
    routes = [_route(one, integrations, authorizers) for one in list(api.routes.values())]
    return Deployed(
        api_id=api.api_id,
        stages={one.name: _stage(one) for one in list(api.stages.values())},
        routes={route.key: route for route in routes},
        cors=api.cors_configuration or None,
    )


def _authorizer(one: Any) -> Authorizer:
    settings = one.jwt_config or {}
    sources = [one.identity_source] if isinstance(one.identity_source, str) else one.identity_source
    return Authorizer(tuple(sources or ()), settings.get("issuer", ""), tuple(settings.get("audience") or ()))


def _integration(one: Any) -> Integration:
    timeout_s = int(one.timeout_in_millis or LONGEST_S * 1000) / 1000
    return Integration(one.integration_uri or "", one.payload_format_version or "", timeout_s)


def _route(one: Any, integrations: Mapping[str, Integration], authorizers: Mapping[str, Authorizer]) -> Route:
    integration = integrations.get((one.target or "").removeprefix("integrations/"))
    authorization = one.authorization_type or "NONE"
    authorizer = authorizers.get(one.authorizer_id) if authorization == "JWT" else None
    return Route(one.route_key, integration, authorization, authorizer, tuple(one.authorization_scopes or ()))


def _stage(one: Any) -> Stage:
    return Stage(
        name=one.name,
        variables=dict(one.stage_variables or {}),
        settings=dict(one.default_route_settings or {}),
        route_settings=dict(one.route_settings or {}),
    )
