"""Provisioned concurrency: kept, told, and refused where Lambda refuses it; nothing starts earlier for it here.

AWS (Lambda API reference, PutProvisionedConcurrencyConfig; developer guide, "Configuring provisioned concurrency" and
"Lambda SnapStart"): it belongs to a published version or an alias, not to $LATEST; not to both an alias and its
version; not to an alias with weights; it is part of the reserved concurrency; SnapStart does not go with it.

moto 5.2.5 does not know the operations: 404.
"""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.awslambda import urls
from moto.awslambda.models import LambdaAlias, LambdaFunction, LambdaStorage
from moto.awslambda.responses import LambdaResponse
from moto.core.utils import iso_8601_datetime_with_nanoseconds

from localaws.names import Name, arn
from localaws.provisions import Provision, provisions
from localaws.records import LATEST
from localaws.refusals import Refused, UnknownFunction, conflict, invalid, malformed, not_found
from localaws.routing import aliases_of, version_of, weights_of

PATH = r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/provisioned-concurrency/?$"
Answer = tuple[int, dict[str, Any], str]


def apply() -> None:
    urls.url_paths[PATH] = LambdaResponse.dispatch
    for operation in (_put, _get, _list, _delete):
        setattr(LambdaResponse, OPERATIONS[operation], operation)


def _put(self: LambdaResponse) -> Answer:
    storage, name = _asked(self)
    executions = int(json.loads(self.body)["ProvisionedConcurrentExecutions"])
    if executions < 1:
        raise malformed(
            executions, "provisionedConcurrentExecutions", "Member must have value greater than or equal to 1"
        )
    _check(storage, name, executions)
    provision = Provision(executions, iso_8601_datetime_with_nanoseconds())
    provisions(storage)[name.function, _qualifier(name)] = provision
    return _answered(HTTPStatus.ACCEPTED, _described(provision))


def _get(self: LambdaResponse) -> Answer:
    if "List" in parse_qs(self.parsed_url.query, keep_blank_values=True):
        return _list(self)
    storage, name = _asked(self)
    provision = provisions(storage).get((name.function, _qualifier(name)))
    if provision is None:
        said = f"No Provisioned Concurrency Config found for function: {arn(storage, name.function, name.qualifier)}"
        raise not_found(said, error="ProvisionedConcurrencyConfigNotFoundException")
    return _answered(HTTPStatus.OK, _described(provision))


def _list(self: LambdaResponse) -> Answer:
    storage, name = _asked(self)
    found = [
        {"FunctionArn": arn(storage, *key), **_described(provision)}
        for key, provision in provisions(storage).items()
        if key[0] == name.function
    ]
    return _answered(HTTPStatus.OK, {"ProvisionedConcurrencyConfigs": found})


def _delete(self: LambdaResponse) -> Answer:
    storage, name = _asked(self)
    provisions(storage).pop((name.function, _qualifier(name)), None)
    return _answered(HTTPStatus.NO_CONTENT, {})


OPERATIONS = {
    _put: "put_provisioned_concurrency_config",
    _get: "get_provisioned_concurrency_config",
    _list: "list_provisioned_concurrency_configs",
    _delete: "delete_provisioned_concurrency_config",
}


def check_weights(storage: LambdaStorage, function: str, alias: str, weights: object) -> None:
    """An alias is provisioned or weighted."""
    if weights and (function, alias) in provisions(storage):
        raise _weighted()


def _weighted() -> Refused:
    return invalid("Alias with weights can not be used with Provisioned Concurrency")


def _check(storage: LambdaStorage, name: Name, executions: int) -> None:
    qualifier = _qualifier(name)
    alias = aliases_of(storage, name.function).get(qualifier)
    if alias and weights_of(alias):
        raise _weighted()
    version = version_of(storage, name.function, alias.function_version if alias else qualifier)
    if version is None:
        raise UnknownFunction(arn(storage, name.function, qualifier))
    _check_version(version)
    _check_overlap(storage, name.function, qualifier, alias)
    reserved = storage._get_latest(name.function).reserved_concurrency
    if reserved is not None and executions > int(reserved):
        raise invalid(
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
        )


def _check_version(version: LambdaFunction) -> None:
    if str(version.version) == LATEST:
        raise invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    snap_start: dict[str, str] = getattr(version, "snap_start", {})
    if snap_start.get("ApplyOn") == "PublishedVersions":
        raise invalid("Provisioned Concurrency is not supported for functions enabled with SnapStart.")


def _check_overlap(storage: LambdaStorage, function: str, qualifier: str, alias: LambdaAlias | None) -> None:
    known = provisions(storage)
    if alias and (function, alias.function_version) in known:
        raise conflict(
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
        )
    aliases = aliases_of(storage, function).values()
    if not alias and any((function, one.name) in known for one in aliases if one.function_version == qualifier):
        raise conflict("Version is pointed by a Provisioned Concurrency alias")


def _asked(self: LambdaResponse) -> tuple[LambdaStorage, Name]:
    storage = self.backend._lambdas
    qualifier = parse_qs(self.parsed_url.query).get("Qualifier", [None])[0]
    name = Name.parse(unquote(self.path.rstrip("/").rsplit("/", 2)[-2]), qualifier)
    if name.function not in storage._functions:
        raise UnknownFunction(arn(storage, name.function, name.qualifier))
    return storage, name


def _qualifier(name: Name) -> str:
    if name.qualifier is None:
        raise invalid("A version or an alias must be given as the Qualifier of a Provisioned Concurrency Config.")
    return name.qualifier


def _described(provision: Provision) -> dict[str, Any]:
    states = ("Requested", "Available", "Allocated")
    counts = {f"{state}ProvisionedConcurrentExecutions": provision.executions for state in states}
    return {**counts, "Status": "READY", "LastModified": provision.modified}


def _answered(status: HTTPStatus, body: dict[str, Any]) -> Answer:
    return status.value, {"status": status.value}, json.dumps(body) if body else ""
