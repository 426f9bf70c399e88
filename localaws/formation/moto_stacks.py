"""Stacks of moto's CloudFormation API that are deployed by `localaws.formation`.

AWS: resources in the order of their dependencies; what changed by its resolved properties; replaced and removed ones
deleted last, unless retained; everything back when one resource fails (ROLLBACK_COMPLETE, UPDATE_ROLLBACK_COMPLETE).
moto 5.2.5: see the package. Its update makes new resources first: a Lambda version is published before the new code.
Not as on AWS: a call returns when the stack is done, and a delete that fails is an error of the call itself.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import moto.cloudformation.models as moto_models
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Event, cloudformation_backends

from localaws.formation import calls
from localaws.formation.deployment import Deployment, ResourceEvent, ResourceFailed
from localaws.formation.dynamic import dynamic_value
from localaws.formation.intrinsics import TemplateError, resolve
from localaws.formation.kinds import KINDS
from localaws.formation.resources import Resource
from localaws.formation.scope import StackScope, pseudo
from localaws.formation.template import Template, check_rules, parameter_values, parse

T = TypeVar("T")
UNCHANGED = "No updates are to be performed."
MOTO_STACK: Any = moto_models.Stack


class MadeResource:
    """A resource by the names that moto's describe calls read."""

    def __init__(self, resource: Resource) -> None:
        self.logical_resource_id = resource.logical_id
        self.physical_resource_id = resource.made.ref
        self.cf_resource_type = resource.type


class Stack(MOTO_STACK):  # type: ignore[misc]  # a class of moto's, whose own types are narrower than what it takes
    """Takes the place of moto's class of that name."""

    template_dict: Mapping[str, Any]
    parameters: Mapping[str, Any]
    tags: Mapping[str, str]
    made: Mapping[str, Resource]
    deployed: Template | None
    said: list[dict[str, Any]]

    @staticmethod
    def parse_template(template: str) -> Mapping[str, Any]:
        return _refusing(lambda: parse(template)).body

    def _create_resource_map(self) -> "Stack":
        """moto asks for it when the stack is new: the template is checked here, before anything is made."""
        self.made, self.deployed, self.said = {}, None, []
        self.no_echo_parameter_keys: list[str] = []
        self.resolved_parameters: Mapping[str, object] = {}
        if self.template_dict:
            _refusing(lambda: self._scope(Template(self.template_dict), self.parameters))
        return self

    def _create_output_map(self) -> "Stack":
        return self

    @property
    def stack_resources(self) -> list[MadeResource]:
        return [MadeResource(resource) for resource in self.made.values()]

    @property
    def outputs(self) -> list[dict[str, Any]] | None:
        return self.said or None

    @property
    def exports(self) -> list[object]:
        return []

    def create_resources(self) -> None:
        self._deploy(self.template_dict, self.parameters, "CREATE", "ROLLBACK")

    def update(self, template: str, role_arn: object = None, parameters: Any = None, tags: Any = None) -> None:
        values = self.parameters if parameters is None else parameters
        wanted = _refusing(lambda: parse(template))
        _refusing(lambda: self._scope(wanted, values))
        if self.deployed and (wanted.body, values) == (self.template_dict, self.parameters):
            raise ValidationError(message=UNCHANGED)
        self._add_stack_event("UPDATE_IN_PROGRESS", resource_status_reason="User Initiated")
        if self._deploy(wanted.body, values, "UPDATE", "UPDATE_ROLLBACK"):
            self.template, self.template_dict, self.parameters = template, wanted.body, values
            self.role_arn, self.tags = role_arn, self.tags if tags is None else tags

    def delete(self) -> None:
        self._add_stack_event("DELETE_IN_PROGRESS", resource_status_reason="User Initiated")
        if self.deployed:
            scope = self._scope(self.deployed, self.parameters)
            deployment = Deployment(scope, KINDS, self._tell, before=self.made)
            self.made = deployment.delete(self.deployed.order(self.made))
        if self.made:
            self._settle("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(self.made)}].")
            cloudformation_backends[self.account_id][self.region_name].stacks[self.stack_id] = self
            raise ValidationError(message=self.stack_status_reason)
        self._settle("DELETE_COMPLETE")

    def _deploy(self, body: Mapping[str, Any], values: Mapping[str, Any], verb: str, back: str) -> bool:
        template = Template(body)
        self.status = f"{verb}_IN_PROGRESS"
        scope = self._scope(template, values)
        deployment = Deployment(scope, KINDS, self._tell, before=self.made)
        try:
            made = deployment.run()
            said = _outputs(template, scope)
        except (ResourceFailed, TemplateError) as failure:
            self._settle(f"{back}_IN_PROGRESS", str(failure))
            self._settle(f"{back}_{'COMPLETE' if deployment.undo() else 'FAILED'}", str(failure))
            return False
        self.made, self.said, self.deployed = made, said, template
        self.resolved_parameters = {name: scope.values[name] for name in template.parameters}
        self._settle(f"{verb}_COMPLETE")
        return True

    def _scope(self, template: Template, values: Mapping[str, Any]) -> StackScope:
        template.check(KINDS)
        _refuse_exports(template)
        stored = parameter_values(template, values, self._stored)
        fixed = pseudo(self.stack_id, self.name, region=self.region_name, account=self.account_id)
        scope = StackScope(template, {**fixed, **stored}, lambda reference: dynamic_value(reference, self.region_name))
        check_rules(template, scope)
        return scope

    def _stored(self, name: str) -> str:
        value: str = calls.client("ssm", self.region_name).get_parameter(Name=name)["Parameter"]["Value"]
        return value

    def _settle(self, status: str, reason: str | None = None) -> None:
        self.status, self.stack_status_reason = status, reason
        self._add_stack_event(status, reason)

    def _tell(self, event: ResourceEvent) -> None:
        about = (self.stack_id, self.name, event.logical_id, event.ref, event.type, event.status)
        self.events.append(Event(*about, event.reason, None))


def apply() -> None:
    moto_models.Stack = Stack  # type: ignore[misc]  # it takes the place of a class


def _outputs(template: Template, scope: StackScope) -> list[dict[str, Any]]:
    return [
        {
            "OutputKey": name,
            "OutputValue": str(resolve(about["Value"], scope)),
            "Description": about.get("Description"),
        }
        for name, about in template.outputs.items()
        if scope.wants(about)
    ]


def _refuse_exports(template: Template) -> None:
    exported = [name for name, about in template.outputs.items() if "Export" in about]
    if exported:
        raise TemplateError(f"Outputs that are exported to other stacks are not supported here: {', '.join(exported)}")


def _refusing(check: "Callable[[], T]") -> "T":
    try:
        return check()
    except TemplateError as error:
        raise ValidationError(message=str(error)) from error
