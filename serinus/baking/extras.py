"""Which extras of this project an image of a service needs on AWS."""

from serinus.service import Service
from serinus.stored import is_reachable_from_aws

STORES = {
    "redis": ("redis",),
    "dynamodb": ("dynamodb",),
    "parquet": ("features", "bulk", "aws"),
    "feast": ("feast",),
}
IN_THE_STACK = "dynamodb"  # the table that takes the place of a store which AWS cannot reach


def extras(service: Service) -> set[str]:
    """What the store needs, and the key of the audit record of a service about people."""
    secrets = ("aws",) if service.privacy.personal else ()
    if service.features is None:
        return {*secrets}
    kind = service.features.store if is_reachable_from_aws(service.features) else IN_THE_STACK
    return {*STORES[kind], *secrets}
