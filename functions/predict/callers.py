"""Who asks, for the audit record: whom this server or the gateway in front of the function let in."""

from collections.abc import Mapping
from typing import Any

from starlette.types import Scope

from functions.predict.telemetry import Observation

ANONYMOUS = "anonymous"
EVENT = "aws.event"  # where Mangum keeps what API Gateway sent
PATHS = (
    ("authorizer", "jwt", "claims", "sub"),  # HTTP API
    ("authorizer", "claims", "sub"),  # REST API with a user pool
    ("authorizer", "iam", "userArn"),
    ("authorizer", "principalId"),  # REST API with an authorizer of one's own
    ("identity", "userArn"),
    ("identity", "apiKeyId"),
)


def caller(seen: Observation, scope: Scope) -> str:
    """The name of the key that was brought, or what the gateway's authorizer says of the caller."""
    return seen.caller or _of_gateway(scope.get(EVENT)) or ANONYMOUS


def _of_gateway(event: Any) -> str | None:
    if not isinstance(event, Mapping):
        return None
    found = (_at(event.get("requestContext"), path) for path in PATHS)
    return next((name for name in found if isinstance(name, str) and name), None)


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree
