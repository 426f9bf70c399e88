"""The names that Lambda takes for a function: plain, partial ARN or ARN, each with a version or an alias at its end.

AWS: "Name formats: function name (my-function), function ARN, partial ARN (123456789012:function:my-function). You can
append a version number or alias to any of the formats"; where `Qualifier` says another one, the request is invalid
(Lambda API reference, Invoke, FunctionName). moto 5.2.5 knows no partial ARN, lets the one in the name win silently,
and does not see the `Qualifier` of Invoke at all (localaws/invoking.py).
"""

import re
from dataclasses import dataclass

from moto.awslambda.models import LambdaFunction, LambdaStorage

from localaws.patching import replace
from localaws.refusals import UnknownFunction, invalid, malformed

PATTERN = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:[a-z]{2}(?:-[a-z]+)+-\d:)?(?:\d{12}:)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)


@dataclass(frozen=True)
class Name:
    """A function, and the version or the alias of it that is meant."""

    function: str
    qualifier: str | None

    @classmethod
    def parse(cls, text: str, qualifier: str | None = None) -> "Name":
        parsed = PATTERN.fullmatch(text)
        if parsed is None:
            constraint = f"Member must satisfy regular expression pattern: {PATTERN.pattern}"
            raise malformed(text, "functionName", constraint)
        if qualifier and parsed["qualifier"] not in (None, qualifier):
            raise invalid("The derived qualifier from the function name does not match the specified qualifier.")
        return cls(parsed["name"], parsed["qualifier"] or qualifier)


def apply() -> None:
    replace(
        LambdaStorage,
        get_function_by_name_or_arn_with_qualifier=_qualified,
        get_function_by_name_or_arn_forbid_qualifier=_unqualified,
    )


def arn(storage: LambdaStorage, name: str, qualifier: str | None = None) -> str:
    function = f"arn:{storage.partition}:lambda:{storage.region_name}:{storage.account_id}:function:{name}"
    return f"{function}:{qualifier}" if qualifier else function


def _qualified(self: LambdaStorage, name_or_arn: str, qualifier: str | None = None) -> LambdaFunction:
    name = Name.parse(name_or_arn, qualifier)
    if name.function not in self._functions:
        raise UnknownFunction(arn(self, name.function, name.qualifier))
    return self.get_function_by_name_with_qualifier(name.function, name.qualifier)


def _unqualified(self: LambdaStorage, name_or_arn: str) -> LambdaFunction:
    name = Name.parse(name_or_arn)
    if name.qualifier is not None:
        raise invalid("Cannot provide qualifier")
    return self.get_function_by_name_forbid_qualifier(name.function)
