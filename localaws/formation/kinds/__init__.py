"""Every resource type that can be deployed here; a template with another one is refused."""

from collections.abc import Mapping

from localaws.formation.kinds import (
    buckets,
    functions,
    http_api,
    identity,
    idle,
    log_groups,
    messages,
    metrics,
    pipelines,
    rest_api,
    tables,
)
from localaws.formation.resources import Kind

MODULES = (
    buckets,
    functions,
    http_api,
    identity,
    idle,
    log_groups,
    messages,
    metrics,
    pipelines,
    rest_api,
    tables,
)
KINDS: Mapping[str, Kind] = {kind.type: kind for module in MODULES for kind in module.KINDS}
