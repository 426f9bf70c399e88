"""The resources of a REST API with their methods, read from moto, and which of them a request is for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from localaws.function_arns import function_arn
from localaws.paths import matched, specificity

LONGEST_S = 29.0  # AWS may raise it for an account that asks; nobody did here
PROXY = "AWS_PROXY"
OPEN = {None, "NONE"}  # but for a key: that is no authorization


@dataclass(frozen=True)
class Method:
    """function: the ARN that the proxy integration calls, None where that, or who may ask, is not emulated."""

    needs_key: bool
    function: str | None
    timeout_s: float


@dataclass(frozen=True)
class Resource:
    id: str
    path: str
    methods: Mapping[str, Method]


@dataclass(frozen=True)
class Match:
    resource: Resource
    method: Method
    method_name: str
    parameters: Mapping[str, str]


def best(resources: Iterable[Resource], method: str, path: str) -> Match | None:
    """The most specific resource of this path, and of it the method itself before ANY."""
    found = [resource for resource in resources if matched(resource.path, path) is not None]
    if not found:
        return None
    resource = min(found, key=lambda one: specificity(one.path))
    name = method if method in resource.methods else "ANY"
    if name not in resource.methods:
        return None
    return Match(resource, resource.methods[name], name, matched(resource.path, path) or {})


def resources_of(api: Any) -> tuple[Resource, ...]:
    return tuple(
        Resource(one.id, one.get_path(), {name: _method(of) for name, of in list(one.resource_methods.items())})
        for one in list(api.resources.values())
    )


def _method(one: Any) -> Method:
    integration = one.method_integration
    needs_key = str(one.api_key_required).lower() == "true"
    if integration is None or integration.integration_type != PROXY or one.authorization_type not in OPEN:
        return Method(needs_key, None, LONGEST_S)
    timeout_s = int(integration.timeout_in_millis or LONGEST_S * 1000) / 1000
    return Method(needs_key, function_arn(integration.uri), timeout_s)
