"""What the address of a feature store tells: which kind of store is there, and whether AWS can reach it."""

from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from serinus.errors import ServiceError, listed

Kind = Literal["redis", "dynamodb", "parquet", "feast"]
KINDS: dict[str, Kind] = {
    "redis": "redis",
    "rediss": "redis",
    "unix": "redis",
    "dynamodb": "dynamodb",
    "s3": "parquet",
    "http": "feast",
    "https": "feast",
}
PATHS = ("/", "./", "../")  # no table has a slash in its name
HERE = ("", "localhost", "host.docker.internal")


def kind_at(address: str, otherwise: Kind) -> Kind:
    """The kind of store at `address`. Names of tables and folders tell nothing: they are of the kind `otherwise`."""
    if address.startswith(PATHS):
        return "parquet"
    scheme, separator, _ = address.partition("://")
    if not separator:
        return otherwise
    if scheme not in KINDS:  # the rest is not shown: there may be a password in it
        raise ServiceError(f"no feature store is at {scheme}://, expected one of {listed([*KINDS])}, or a folder")
    return KINDS[scheme]


def is_in_aws_reach(address: str, kind: Kind) -> bool:
    """Whether a function on AWS could ask the store of this kind there; nobody is asked, so it may still be down."""
    if kind == "dynamodb":
        return bool(address)
    if kind == "parquet":
        return address.startswith("s3://")
    url = urlsplit(address)
    return url.scheme != "unix" and not _is_here(url.hostname or "")


def _is_here(host: str) -> bool:
    """Whether `host` means the machine that asks, or something that only its own network knows."""
    try:
        number = ip_address(host)
    except ValueError:
        return host in HERE or host.endswith((".localhost", ".local"))
    return number.is_loopback or number.is_unspecified or number.is_link_local
