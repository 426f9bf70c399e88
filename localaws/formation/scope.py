"""What names mean while one stack is deployed: its parameters, its conditions and the resources made so far."""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from localaws.formation.intrinsics import TemplateError, holds
from localaws.formation.resources import Resource
from localaws.formation.template import Template


@dataclass(frozen=True)
class StackScope:
    template: Template
    values: Mapping[str, object]
    resolve_dynamic: Callable[[str], str]
    made: MutableMapping[str, Resource] = field(default_factory=dict)

    def ref(self, name: str) -> object:
        if name in self.values:
            return self.values[name]
        return self._resource(name).made.ref

    def attribute(self, name: str, attribute: str) -> object:
        resource = self._resource(name)
        if attribute not in resource.made.attributes:
            raise TemplateError(
                f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            )
        return resource.made.attributes[attribute]

    def condition(self, name: str) -> bool:
        return holds(self.template.body["Conditions"][name], self)

    def mapping(self, name: str) -> Mapping[str, Any]:
        mapping: Mapping[str, Any] = self.template.body["Mappings"][name]
        return mapping

    def dynamic(self, reference: str) -> str:
        return self.resolve_dynamic(reference)

    def wants(self, about: Mapping[str, Any]) -> bool:
        """Whether a resource or an output is there under its condition."""
        return "Condition" not in about or self.condition(about["Condition"])

    def _resource(self, name: str) -> Resource:
        if name not in self.made:
            raise TemplateError(f"Template error: {name} is not there: its condition is false")
        return self.made[name]


def pseudo(stack_id: str, stack: str, *, region: str, account: str) -> Mapping[str, object]:
    return {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::StackId": stack_id,
        "AWS::StackName": stack,
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::Partition": "aws",
        "AWS::NotificationARNs": [],
    }
