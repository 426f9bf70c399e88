"""Which version answers an invocation of a function, a version or an alias."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from moto.awslambda.models import LambdaAlias, LambdaFunction, LambdaStorage

from localaws.names import Name, arn
from localaws.refusals import UnknownFunction

LATEST = "$LATEST"


@dataclass(frozen=True)
class Target:
    """The version that answers, and how the caller called it: that is in the ARN which the handler sees."""

    function: LambdaFunction
    qualifier: str


def target(storage: LambdaStorage, name: Name, chance: Callable[[], float]) -> Target:
    """chance: a number from 0 to 1; Lambda decides anew for each invocation which version of an alias answers."""
    qualifier = name.qualifier or LATEST
    alias = aliases_of(storage, name.function).get(qualifier)
    version = drawn(alias, chance) if alias else qualifier
    function = version_of(storage, name.function, version)
    if function is None:
        raise UnknownFunction(arn(storage, name.function, name.qualifier))
    return Target(function, qualifier)


def version_of(storage: LambdaStorage, function: str, version: str) -> LambdaFunction | None:
    if function not in storage._functions:
        return None
    return storage._get_latest(function) if version == LATEST else storage._get_version(function, version)


def aliases_of(storage: LambdaStorage, function: str) -> Mapping[str, LambdaAlias]:
    return storage._aliases[arn(storage, function)]


def weights_of(alias: LambdaAlias) -> Mapping[str, float]:
    """Moto types what it keeps of a request as text, and keeps what JSON made of it."""
    config: Mapping[str, Mapping[str, float]] = alias.routing_config or {}  # type: ignore[assignment]  # see above
    return config.get("AdditionalVersionWeights") or {}


def versions_of(alias: LambdaAlias) -> set[str]:
    return {alias.function_version, *weights_of(alias)}


def drawn(alias: LambdaAlias, chance: Callable[[], float]) -> str:
    for version, weight in weights_of(alias).items():
        if chance() < weight:
            return version
    return alias.function_version
