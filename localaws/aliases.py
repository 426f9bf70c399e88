"""An alias points to one published version, or by weight to two, and Lambda checks that.

AWS (Lambda API reference, CreateAlias, UpdateAlias, AliasRoutingConfiguration; developer guide, "Implement Lambda
canary deployments using a weighted alias"): one additional version at most, its weight from 0.0 to 1.0; both versions
exist, are published and different, and have the same execution role and the same dead-letter configuration or none;
RevisionId is a condition of UpdateAlias. An alias with provisioned concurrency has no weights.

moto 5.2.5 takes any weight of any number of versions whether they exist or not, never looks at RevisionId nor changes
it, lets an alias be called 42, tells ConflictException where AWS says ResourceConflictException.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from moto.awslambda.models import LambdaAlias, LambdaStorage
from moto.awslambda.responses import LambdaResponse

from localaws.names import arn
from localaws.patching import replace
from localaws.provisioned import check_weights
from localaws.provisions import forget
from localaws.records import LATEST, check_revision, new_revision
from localaws.refusals import UnknownFunction, conflict, invalid, malformed, not_found
from localaws.routing import aliases_of, version_of, weights_of

NAME = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)"
VERSION = r"(\$LATEST|[0-9]+)"
WEIGHT_RULE = "Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0"
Answer = tuple[int, dict[str, Any], str]


def apply() -> None:
    replace(LambdaResponse, create_alias=_create, update_alias=_update, get_alias=_get, delete_alias=_delete)


def _create(self: LambdaResponse) -> Answer:
    storage, asked = self.backend._lambdas, json.loads(self.body)
    function = _function(storage, unquote(self.path.rsplit("/", 2)[-2]))
    name, version = asked["Name"], asked["FunctionVersion"]
    _check_pattern(name, "name", NAME)
    weights = _weights(asked)
    _check(storage, function, version, weights)
    if name in aliases_of(storage, function):
        raise conflict(f"Alias already exists: {arn(storage, function, name)}")
    alias = LambdaAlias(
        account_id=storage.account_id,
        region=storage.region_name,
        name=name,
        function_name=function,
        function_version=version,
        description=asked.get("Description", ""),
        routing_config=_routing(weights),
    )
    storage._aliases[arn(storage, function)][name] = alias
    return 201, {"status": 201}, json.dumps(alias.to_json())


def _update(self: LambdaResponse) -> Answer:
    storage, asked = self.backend._lambdas, json.loads(self.body)
    function, alias = _found(self)
    check_revision(asked.get("RevisionId"), alias.revision_id)
    version = asked.get("FunctionVersion") or alias.function_version
    weights = _weights(asked) if "RoutingConfig" in asked else weights_of(alias)
    _check(storage, function, version, weights)
    check_weights(storage, function, alias.name, weights)
    alias.update(asked.get("Description"), version, _routing(weights))
    alias.revision_id = new_revision()
    return 200, {"status": 200}, json.dumps(alias.to_json())


def _get(self: LambdaResponse) -> Answer:
    return 200, {"status": 200}, json.dumps(_found(self)[1].to_json())


def _delete(self: LambdaResponse) -> Answer:
    """Of an alias that is not there, Lambda says that it is gone."""
    storage = self.backend._lambdas
    function = _function(storage, unquote(self.path.rsplit("/")[-3]))
    name = unquote(self.path.rsplit("/", 1)[-1])
    storage._aliases[arn(storage, function)].pop(name, None)
    forget(storage, function, name)
    return 204, {"status": 204}, ""


def _found(self: LambdaResponse) -> tuple[str, LambdaAlias]:
    storage = self.backend._lambdas
    function = _function(storage, unquote(self.path.rsplit("/")[-3]))
    name = unquote(self.path.rsplit("/", 1)[-1])
    alias = aliases_of(storage, function).get(name)
    if alias is None:
        raise not_found(f"Cannot find alias arn: {arn(storage, function, name)}")
    return function, alias


def _function(storage: LambdaStorage, name_or_arn: str) -> str:
    return str(storage.get_function_by_name_or_arn_forbid_qualifier(name_or_arn).function_name)


def _weights(asked: Mapping[str, Any]) -> Mapping[str, float]:
    return (asked.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}


def _routing(weights: Mapping[str, float]) -> Any:
    return {"AdditionalVersionWeights": dict(weights)} if weights else {}


def _check(storage: LambdaStorage, function: str, version: str, weights: Mapping[str, float]) -> None:
    _check_pattern(version, "functionVersion", VERSION)
    primary = version_of(storage, function, version)
    if primary is None:
        raise UnknownFunction(arn(storage, function, version))
    if len(weights) > 1:
        raise invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
    for other, weight in weights.items():
        _check_weight(other, weight)
        if version == LATEST:
            raise invalid("$LATEST is not supported for an alias pointing to more than 1 version")
        if other == version:
            said = f"Function version {version} is already included in routing configuration."
            raise invalid(f"Invalid function version {version}. {said}")
        additional = version_of(storage, function, other)
        if additional is None:
            raise UnknownFunction(arn(storage, function, other))
        _check_alike(primary, additional)


def _check_weight(version: str, weight: float) -> None:
    said, member = f"{{{version}={weight}}}", "routingConfig.additionalVersionWeights"
    if not re.fullmatch("[0-9]+", version):
        rule = "Member must satisfy regular expression pattern: [0-9]+, Member must not be null"
        raise malformed(said, member, f"Map keys must satisfy constraint: [{rule}]")
    if not 0.0 <= weight <= 1.0:
        raise malformed(said, member, f"Map value must satisfy constraint: [{WEIGHT_RULE}, Member must not be null]")


def _check_alike(primary: Any, additional: Any) -> None:
    """Lambda does not say which words it uses here; that it refuses, and for what, it does."""
    if primary.role != additional.role:
        raise invalid("Both versions of an alias must have the same execution role")
    if primary.dead_letter_config != additional.dead_letter_config:
        raise invalid("Both versions of an alias must have the same dead-letter queue configuration, or none")


def _check_pattern(value: str, member: str, pattern: str) -> None:
    if not re.fullmatch(pattern, value):
        raise malformed(value, member, f"Member must satisfy regular expression pattern: {pattern}")
