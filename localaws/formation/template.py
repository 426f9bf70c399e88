"""A template with its parameters: what is checked before anything is made, and the order in which it is made."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from localaws.formation.intrinsics import TemplateError, holds, references

PSEUDO = "AWS::"


@dataclass(frozen=True)
class Template:
    """The sections of a template that deploying it needs."""

    body: Mapping[str, Any]

    @cached_property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        resources: Mapping[str, Mapping[str, Any]] = self.body.get("Resources") or {}
        if not resources:
            raise TemplateError("Template format error: At least one Resources member must be defined.")
        return resources

    @property
    def outputs(self) -> Mapping[str, Mapping[str, Any]]:
        outputs: Mapping[str, Mapping[str, Any]] = self.body.get("Outputs") or {}
        return outputs

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        parameters: Mapping[str, Mapping[str, Any]] = self.body.get("Parameters") or {}
        return parameters

    def check(self, known: Iterable[str]) -> None:
        """Refuse macros, types nobody here knows, and references to nothing."""
        if "Transform" in self.body:
            raise TemplateError(f"Template format error: macros are not supported here: {self.body['Transform']}")
        supported = set(known)
        unknown = sorted({one["Type"] for one in self.resources.values()} - supported)
        if unknown:
            raise TemplateError(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
        names = {*self.resources, *self.parameters}
        for section in ("Resources", "Outputs"):
            undefined = sorted({name for name in references(self.body.get(section, {})) if _is_local(name)} - names)
            if undefined:
                raise TemplateError(
                    f"Template format error: Unresolved resource dependencies [{', '.join(undefined)}]"
                    f" in the {section} block of the template"
                )

    def order(self, logical_ids: Iterable[str]) -> list[str]:
        """These resources, each after all that it refers to or depends on; otherwise as the template has them."""
        chosen = list(logical_ids)
        needs = {name: self._needs(name) & set(chosen) for name in chosen}
        ordered: dict[str, None] = {}
        while len(ordered) < len(needs):
            ready = [name for name in needs if name not in ordered and needs[name] <= ordered.keys()]
            if not ready:
                circle = ", ".join(name for name in needs if name not in ordered)
                raise TemplateError(f"Template error: Circular dependency between resources: [{circle}]")
            ordered |= dict.fromkeys(ready)
        return list(ordered)

    def _needs(self, name: str) -> set[str]:
        resource = self.resources[name]
        depends = resource.get("DependsOn", [])
        return {*references(resource.get("Properties", {})), *([depends] if isinstance(depends, str) else depends)}


def parse(text: str) -> Template:
    """JSON, as `cdk synth` writes it; YAML is not read here."""
    try:
        return Template(json.loads(text))
    except ValueError as error:
        raise TemplateError(f"Template format error: expected JSON, as cdk synth writes it: {error}") from error


def parameter_values(
    template: Template, given: Mapping[str, Any], stored: Callable[[str], str]
) -> Mapping[str, object]:
    """Every parameter's value: as given or by default; of a `AWS::SSM::Parameter::Value` what is stored under it."""
    unknown = sorted(set(given) - set(template.parameters))
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values = {name: _value(name, about, given, stored) for name, about in template.parameters.items()}
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    return values


def check_rules(template: Template, scope: Any) -> None:
    """The Rules section: CDK has one that asks for a bootstrapped account."""
    for name, rule in (template.body.get("Rules") or {}).items():
        if not holds(rule.get("RuleCondition", True), scope):
            continue
        for assertion in rule["Assertions"]:
            if not holds(assertion["Assert"], scope):
                reason = assertion.get("AssertDescription", name)
                raise TemplateError(f"Template constraint {name} is not satisfied: {reason}")


def _value(name: str, about: Mapping[str, Any], given: Mapping[str, Any], stored: Callable[[str], str]) -> object:
    value = given.get(name, about.get("Default"))
    if value is None:
        return None
    kind = about.get("Type", "String")
    if kind.startswith("AWS::SSM::Parameter::Value"):
        value = stored(value)
    allowed, pattern = about.get("AllowedValues"), about.get("AllowedPattern")
    if allowed and value not in allowed:
        raise TemplateError(f"Parameter '{name}' must be one of AllowedValues")
    if pattern and not re.fullmatch(pattern, str(value)):
        raise TemplateError(f"Parameter '{name}' failed to satisfy constraint: must match AllowedPattern {pattern}")
    if kind == "CommaDelimitedList" or "List<" in kind:
        return [part.strip() for part in str(value).split(",")]
    return value


def _is_local(name: str) -> bool:
    return not name.startswith(PSEUDO)
