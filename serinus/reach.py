"""Which feature store a service asks once it runs on AWS."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from serinus.sections import FeaturesSection

REMOTE = ("redis", "rediss", "dynamodb", "s3", "http", "https")
ON_AWS = "dynamodb"  # a table of the service's own stack, for addresses that are of no use there


def scheme_on_aws(features: FeaturesSection) -> str:
    """The scheme of its address, or of the one that takes its place: nothing on AWS reaches loopback or a folder."""
    address = urlsplit(features.address)
    is_reached = address.scheme in REMOTE and not _is_loopback(address.hostname or "")
    return address.scheme if is_reached else ON_AWS


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
