"""What a function keeps: a revision, SnapStart, and where failed events go.

AWS (Lambda API reference, FunctionConfiguration): `RevisionId` is "the latest updated revision of the function or
alias" and changes with every change; an update whose RevisionId is another one fails with PreconditionFailedException.
`SnapStart` says whether published versions start from a snapshot. Versions and aliases take no updates.

moto 5.2.5 keeps no RevisionId and compares none, answers SnapStart `None` whatever was asked, drops DeadLetterConfig,
changes a published version when its ARN is given, and with `Publish` applies an update of the code a second time, to
the version that it has just published.
"""

from typing import Any

from moto.awslambda.models import ImageConfig, LambdaBackend, LambdaFunction
from moto.moto_api._internal import mock_random

from localaws.names import Name
from localaws.patching import replace
from localaws.refusals import invalid, stale

LATEST = "$LATEST"

_init = LambdaFunction.__init__
_configuration = LambdaFunction.get_configuration
_set_version = LambdaFunction.set_version
_update_configuration = LambdaFunction.update_configuration


def apply() -> None:
    replace(
        LambdaFunction,
        __init__=_created,
        get_configuration=_described,
        set_version=_numbered,
        update_configuration=_configured,
    )
    replace(LambdaBackend, update_function_code=_update_code, update_function_configuration=_update_settings)


def check_revision(given: str | None, latest: str) -> None:
    if given and given != latest:
        raise stale()


def new_revision() -> str:
    return str(mock_random.uuid4())


def _created(self: Any, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
    _init(self, account_id, spec, region, version)
    self.revision_id = new_revision()
    self.snap_start = {"ApplyOn": "None"}
    self.dead_letter_config = {}
    _keep(self, spec)


def _keep(self: Any, spec: dict[str, Any]) -> None:
    """What moto has no place for."""
    if "SnapStart" in spec:
        self.snap_start = dict(spec["SnapStart"])
    if "DeadLetterConfig" in spec:
        self.dead_letter_config = dict(spec["DeadLetterConfig"])


def _described(self: Any, on_create: bool = False) -> dict[str, Any]:
    apply_on = self.snap_start["ApplyOn"]
    is_taken = apply_on == "PublishedVersions" and str(self.version) != LATEST
    more = {
        "RevisionId": self.revision_id,
        "SnapStart": {"ApplyOn": apply_on, "OptimizationStatus": "On" if is_taken else "Off"},
    }
    if self.dead_letter_config:
        more["DeadLetterConfig"] = self.dead_letter_config
    return _configuration(self, on_create) | more


def _numbered(self: Any, version: int) -> None:
    _set_version(self, version)
    self.revision_id = new_revision()


def _configured(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
    _keep(self, config_updates)
    if "ImageConfig" in config_updates:
        self.image_config = ImageConfig(config_updates["ImageConfig"])
    self.revision_id = new_revision()
    return _update_configuration(self, config_updates)


def _update_code(self: LambdaBackend, function_name: str, qualifier: str, body: dict[str, Any]) -> dict[str, Any]:
    function: Any = _latest(self, function_name, qualifier)
    check_revision(body.get("RevisionId"), function.revision_id)
    if not body.get("DryRun"):
        function.revision_id = new_revision()
        function.update_function_code(body)
    published = self.publish_version(function_name) if body.get("Publish") else None
    configuration: dict[str, Any] = (published or function).get_configuration()
    return configuration


def _update_settings(self: LambdaBackend, function_name: str, qualifier: str, body: dict[str, Any]) -> dict[str, Any]:
    function: Any = _latest(self, function_name, qualifier)
    check_revision(body.get("RevisionId"), function.revision_id)
    configuration: dict[str, Any] = function.update_configuration(body)
    return configuration


def _latest(self: LambdaBackend, function_name: str, qualifier: str | None) -> LambdaFunction:
    name = Name.parse(function_name, qualifier)
    if name.qualifier not in (None, LATEST):
        raise invalid(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
            "Please specify either a function name or an unqualified function ARN."
        )
    return self.get_function(name.function)
