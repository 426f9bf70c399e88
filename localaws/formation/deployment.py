"""Bring a stack to what a template says, or back to where it was when one resource fails."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.formation.intrinsics import TemplateError, resolve
from localaws.formation.resources import Kind, Made, Properties, Resource, Wanted
from localaws.formation.scope import StackScope

PAGE = "<!doctype html>"  # what moto's server says of an exception that is no error of AWS
REASONS = (ClientError, BotoCoreError, TemplateError, KeyError, ValueError, TypeError)


@dataclass(frozen=True)
class ResourceEvent:
    """A line of what `describe_stack_events` tells."""

    logical_id: str
    type: str
    status: str
    ref: str = ""
    reason: str | None = None


class ResourceFailed(Exception):
    """One resource could not be made, changed or deleted; everything before it has been undone."""

    def __init__(self, logical_id: str, type_: str, reason: str) -> None:
        super().__init__(f"{logical_id} ({type_}): {reason}")
        self.logical_id, self.type, self.reason = logical_id, type_, reason


@dataclass
class Deployment:
    """One create, update or delete of a stack. `tell` is called with each event as it happens."""

    scope: StackScope
    kinds: Mapping[str, Kind]
    tell: Callable[[ResourceEvent], None]
    before: Mapping[str, Resource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._undo: list[Callable[[], object]] = []

    def run(self) -> Mapping[str, Resource]:
        """The resources as they are after it. Retained ones that left the template are no longer the stack's."""
        template = self.scope.template
        there = {name: about for name, about in template.resources.items() if self.scope.wants(about)}
        superseded: list[Resource] = []
        for name in template.order(there):
            self._in_turn(name, there[name], superseded)
        gone = [old for name, old in self.before.items() if name not in there]
        self._clean_up([*superseded, *gone])
        return dict(self.scope.made)

    def undo(self) -> bool:
        """Take back what was done, newest first; false when something could not be.

        What is to be retained stays, even if only just made: `RetainExceptOnCreate` is the policy that asks for less.
        """
        taken_back = True
        while self._undo:
            try:
                self._undo.pop()()
            except REASONS:
                taken_back = False
        return taken_back

    def delete(self, order: list[str]) -> Mapping[str, Resource]:
        """Delete everything but what is to be retained, dependents first; what is left could not be deleted."""
        left = dict(self.before)
        for name in reversed(order):
            with suppress(ResourceFailed):
                self._remove(left[name], retained=left[name].retained)
                del left[name]
        return left

    def _in_turn(self, name: str, about: Mapping[str, Any], superseded: list[Resource]) -> None:
        old = self.before.get(name)
        verb = "UPDATE" if old else "CREATE"
        try:
            wanted = self._wanted(name, resolve(about.get("Properties", {}), self.scope))
            if old and old.type == about["Type"] and old.properties == wanted.properties:
                made = old.made
            else:
                self.tell(ResourceEvent(name, about["Type"], f"{verb}_IN_PROGRESS"))
                made = self._made(wanted, about["Type"], old, superseded)
                self.tell(ResourceEvent(name, about["Type"], f"{verb}_COMPLETE", made.ref))
        except REASONS as error:
            reason = reason_of(error)
            self.tell(ResourceEvent(name, about["Type"], f"{verb}_FAILED", reason=reason))
            raise ResourceFailed(name, about["Type"], reason) from error
        self.scope.made[name] = Resource(
            name,
            about["Type"],
            wanted.properties,
            made,
            retained=about.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate"),
            kept_on_replacement=about.get("UpdateReplacePolicy") == "Retain",
        )

    def _made(self, wanted: Wanted, type_: str, old: Resource | None, superseded: list[Resource]) -> Made:
        kind = self.kinds[type_]
        if old and old.type == type_ and kind.update and not kind.replaces(old.properties, wanted.properties):
            self._undo.append(lambda: self._change_back(kind, wanted, old))
            return kind.update(wanted, old)
        made = kind.create(wanted)
        if self.scope.template.resources[wanted.logical_id].get("DeletionPolicy") != "Retain":
            self._undo.append(lambda: kind.delete(wanted, made))
        if old:
            superseded.append(old)
        return made

    def _change_back(self, kind: Kind, wanted: Wanted, old: Resource) -> None:
        assert kind.update is not None
        now = Resource(old.logical_id, old.type, wanted.properties, old.made)
        kind.update(self._wanted(old.logical_id, old.properties), now)

    def _clean_up(self, unused: list[Resource]) -> None:
        """The old ones go last, when nothing refers to them any more; one that cannot go is told of and left."""
        for resource in reversed(unused):
            replaced = resource.logical_id in self.scope.made
            with suppress(ResourceFailed):
                self._remove(resource, retained=resource.kept_on_replacement if replaced else resource.retained)

    def _remove(self, resource: Resource, *, retained: bool) -> None:
        about = (resource.logical_id, resource.type)
        if retained:
            self.tell(ResourceEvent(*about, "DELETE_SKIPPED", resource.made.ref))
            return
        try:
            self.kinds[resource.type].delete(self._wanted(resource.logical_id, resource.properties), resource.made)
        except REASONS as error:
            reason = reason_of(error)
            self.tell(ResourceEvent(*about, "DELETE_FAILED", resource.made.ref, reason))
            raise ResourceFailed(*about, reason) from error
        self.tell(ResourceEvent(*about, "DELETE_COMPLETE", resource.made.ref))

    def _wanted(self, name: str, properties: Properties) -> Wanted:
        values = self.scope.values
        stack, region, account = (str(values[f"AWS::{one}"]) for one in ("StackName", "Region", "AccountId"))
        return Wanted(name, properties, stack, region, account)


def reason_of(error: Exception) -> str:
    """In words, as CloudFormation repeats what a service answered."""
    if isinstance(error, ClientError):
        answer = error.response["Error"]
        if answer.get("Message", "").startswith(PAGE):
            return "moto does not know this call, or broke over it: the log has its traceback"
        return f'Resource handler returned message: "{answer.get("Message", "")}" (Code: {answer.get("Code", "")})'
    if isinstance(error, KeyError):
        return f"Property validation failure: [The property {{/{error.args[0]}}} is required]"
    return str(error)
