"""Which versions and aliases have provisioned concurrency: moto has no place for it."""

from dataclasses import dataclass

from moto.awslambda.models import LambdaStorage


@dataclass(frozen=True)
class Provision:
    """executions: that are to be ready; here each is, from the moment it is asked for."""

    executions: int
    modified: str


def provisions(storage: LambdaStorage) -> dict[tuple[str, str], Provision]:
    """By function and qualifier."""
    known: dict[tuple[str, str], Provision] = vars(storage).setdefault("provisions", {})
    return known


def forget(storage: LambdaStorage, function: str, qualifier: str | None = None) -> None:
    known = provisions(storage)
    for key in [key for key in known if key[0] == function and qualifier in (None, key[1])]:
        del known[key]
