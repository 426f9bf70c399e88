"""A permission is taken back from where it was given: from a function, or from one version or alias of it.

AWS (Lambda API reference, RemovePermission): "Qualifier: Specify a version or alias to remove permissions from a
published version of the function."
moto 5.2.5: looks on $LATEST whatever `Qualifier` says, and finds it there because all versions share one policy. As
versions have policies of their own here, CloudFormation could delete no stack in which a gateway may call an alias.
"""

from urllib.parse import parse_qs, unquote

from moto.awslambda.responses import LambdaResponse

from localaws.patching import replace

Answer = tuple[int, dict[str, str], str]


def apply() -> None:
    replace(LambdaResponse, remove_permission=_remove)


def _remove(self: LambdaResponse) -> Answer:
    [*_, function, _, statement] = (unquote(part) for part in self.path.rstrip("/").split("/"))
    asked = parse_qs(self.parsed_url.query)
    qualifier, revision = asked.get("Qualifier", [None])[0], asked.get("RevisionId", [""])[0]
    self.backend.get_function(function, qualifier).policy.del_statement(statement, revision)
    return 204, {"status": "204"}, "{}"
