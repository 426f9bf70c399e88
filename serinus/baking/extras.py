"""Which extras of this project an image of a service needs on AWS."""

from serinus.reach import scheme_on_aws
from serinus.service import Service

STORES = {
    "redis": ("redis",),
    "rediss": ("redis",),
    "dynamodb": ("dynamodb",),
    "s3": ("features", "bulk", "aws"),
    "http": ("feast",),
    "https": ("feast",),
}


def extras(service: Service) -> set[str]:
    """What the store needs, and the key of the audit record of a service about people."""
    store = () if service.features is None else STORES[scheme_on_aws(service.features)]
    secrets = ("aws",) if service.privacy.personal else ()
    return {*store, *secrets}
