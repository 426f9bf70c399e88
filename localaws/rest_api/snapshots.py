"""A deployment of a REST API keeps the resources as they were when it was made.

AWS: a stage serves the resources and methods of its deployment; later changes need a new one ("Deploy REST APIs in API
Gateway"). moto 5.2.5: a deployment is a name and a date; nothing is kept.
"""

from typing import Any

from moto.apigateway.models import RestAPI

from localaws.rest_api.resources import Resource, resources_of

KEPT = "serinus_resources"
_create_deployment = RestAPI.create_deployment


def apply() -> None:
    setattr(RestAPI, "create_deployment", create_deployment)  # noqa: B010  mypy takes no assignment to a method


def create_deployment(self: Any, *args: Any, **kwargs: Any) -> Any:
    deployment = _create_deployment(self, *args, **kwargs)
    setattr(deployment, KEPT, resources_of(self))
    return deployment


def resources_in(deployment: Any) -> tuple[Resource, ...]:
    kept: tuple[Resource, ...] = getattr(deployment, KEPT)
    return kept
