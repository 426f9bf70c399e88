"""Published versions do not change.

AWS (Lambda developer guide, "Manage Lambda function versions"): a version is a copy of the function's code and
configuration that cannot be changed; "Lambda doesn't publish a version if the function's configuration and code haven't
changed since the last version"; version numbers are never reused, "even for a function that has been deleted and
recreated". PublishVersion takes CodeSha256 and RevisionId as conditions. A version that an alias points to cannot be
deleted, nor $LATEST without its function.

moto 5.2.5 lets all versions share one record of the code, so that an update of $LATEST changes what they run; publishes
when an update changed nothing; numbers by the count of the versions that are left; ignores both conditions; deletes the
version of an alias, and $LATEST.
"""

import json
from collections import Counter
from copy import copy, deepcopy
from typing import Any
from urllib.parse import unquote

from moto.awslambda.models import LambdaFunction, LambdaStorage
from moto.awslambda.policy import Policy
from moto.awslambda.responses import LambdaResponse

from localaws.names import Name, arn
from localaws.patching import replace
from localaws.provisions import forget
from localaws.records import LATEST, check_revision
from localaws.refusals import UnknownFunction, conflict, invalid
from localaws.routing import aliases_of, version_of, versions_of

OWN = (
    "code",
    "environment_vars",
    "image_config",
    "layers",
    "tags",
    "tracing_config",
    "snap_start",
    "dead_letter_config",
)
NOT_PUBLISHED = frozenset({"FunctionArn", "LastModified", "RevisionId", "State", "LastUpdateStatus", "Version"})


def apply() -> None:
    replace(LambdaStorage, publish_version=_publish, del_function=_delete)
    replace(LambdaResponse, publish_version=_answer)


def _answer(self: LambdaResponse) -> tuple[int, dict[str, Any], str]:
    function_name = unquote(self.path.rstrip("/").split("/")[-2])
    asked = json.loads(self.body or "{}")
    latest: Any = self.backend._lambdas.get_function_by_name_or_arn_forbid_qualifier(function_name)
    check_revision(asked.get("RevisionId"), latest.revision_id)
    code = asked.get("CodeSha256")
    if code and code != latest.code_sha_256:
        raise invalid(
            f"CodeSHA256 ({code}) is different from current CodeSHA256 in $LATEST ({latest.code_sha_256}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
    version = self.backend.publish_version(function_name, asked.get("Description", ""))
    assert version is not None  # moto's type; there is a $LATEST
    return 201, {"status": 201}, json.dumps(version.get_configuration())


def _publish(self: LambdaStorage, name_or_arn: str, description: str = "") -> Any:
    latest = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
    versions: list[Any] = self._functions[latest.function_name]["versions"]
    published = fingerprint(latest)
    if versions and versions[-1].fingerprint == published:
        return versions[-1]
    version = _copied(latest, _next_number(self, latest.function_name))
    version.fingerprint = published
    version.description = description or version.description
    versions.append(version)
    self._arns[version.function_arn] = version
    return version


def fingerprint(latest: LambdaFunction) -> str:
    """Of all that a version has of $LATEST."""
    configuration = latest.get_configuration()
    return json.dumps({name: said for name, said in configuration.items() if name not in NOT_PUBLISHED}, sort_keys=True)


def _copied(latest: LambdaFunction, number: int) -> Any:
    """Not all of it deeply: a function also holds on to moto's whole log service."""
    version: Any = copy(latest)
    for name in OWN:
        setattr(version, name, deepcopy(getattr(latest, name)))
    version._vpc_config = deepcopy(latest._vpc_config)
    version.policy = Policy(version)
    version.event_invoke_config = []
    version.url_config = None
    version.set_version(number)
    return version


def _next_number(storage: LambdaStorage, function: str) -> int:
    numbers: Counter[str] = vars(storage).setdefault("numbers_used", Counter())
    numbers[function] += 1
    return numbers[function]


def _delete(self: LambdaStorage, name_or_arn: str, qualifier: str | None = None) -> None:
    name = Name.parse(name_or_arn, qualifier)
    if name.function not in self._functions:
        raise UnknownFunction(arn(self, name.function, name.qualifier))
    if name.qualifier is None:
        _delete_function(self, name.function)
    else:
        _delete_version(self, name.function, name.qualifier)


def _delete_function(storage: LambdaStorage, function: str) -> None:
    group = storage._functions.pop(function)
    for version in (group["latest"], *group["versions"]):
        storage._arns.pop(version.function_arn, None)
    storage._aliases.pop(arn(storage, function), None)
    forget(storage, function)


def _delete_version(storage: LambdaStorage, function: str, qualifier: str) -> None:
    """Of a version that is not there, Lambda says that it is gone."""
    if qualifier == LATEST:
        raise invalid("$LATEST version cannot be deleted without deleting the function.")
    if qualifier in aliases_of(storage, function):
        raise invalid("Deletion of aliases is not currently supported.")
    users = [alias.name for alias in aliases_of(storage, function).values() if qualifier in versions_of(alias)]
    if users:
        said = ", ".join(sorted(users))
        raise conflict(f"Unable to delete version because the following aliases reference it: [{said}]")
    version = version_of(storage, function, qualifier)
    if version is not None:
        storage._functions[function]["versions"].remove(version)
        storage._arns.pop(version.function_arn, None)
        forget(storage, function, qualifier)
