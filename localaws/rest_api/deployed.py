"""One stage of a REST API as it is deployed, read from moto: its resources, its limits, how it treats bodies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localaws.buckets import Limit
from localaws.rest_api.resources import Match, Resource
from localaws.rest_api.snapshots import resources_in


@dataclass(frozen=True)
class Stage:
    """binary: media types whose bodies the function gets, and gives, as base64; responses: the API's own words for
    what the gateway answers itself, by AWS's name for the occasion."""

    api_id: str
    name: str
    deployment_id: str
    variables: Mapping[str, str]
    resources: tuple[Resource, ...]
    settings: Mapping[str, Mapping[str, Any]]
    binary: frozenset[str]
    responses: Mapping[str, Mapping[str, Any]]

    def limit(self, match: Match) -> Limit | None:
        """Of this method, or of all; None where only the account's would bind."""
        own = f"{match.resource.path.replace('/', '~1')}/{match.method_name}"
        settings = self.settings.get(own) or self.settings.get(own.removeprefix("~1")) or self.settings.get("*/*") or {}
        rate, burst = settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit")
        return None if rate is None or burst is None else Limit(float(rate), int(burst))

    def is_binary(self, media_type: str) -> bool:
        """A pattern is `*/*`, `image/*` or a type itself."""
        main = media_type.partition("/")[0]
        return not self.binary.isdisjoint({media_type, f"{main}/*", "*/*"})


def stage_of(api: Any, name: str) -> Stage | None:
    """None where there is no such stage, or where it has no deployment."""
    stage = api.stages.get(name)
    deployment = api.deployments.get(stage.deployment_id) if stage else None
    if deployment is None:
        return None
    return Stage(
        api_id=api.id,
        name=name,
        deployment_id=deployment.id,
        variables=dict(stage.variables or {}),
        resources=resources_in(deployment),
        settings=dict(stage.method_settings or {}),
        binary=frozenset(api.binaryMediaTypes),
        responses={one.response_type: one.to_json() for one in list(api.gateway_responses.values())},
    )
