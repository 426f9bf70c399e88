"""Resources of a stack, and the kinds of them: how AWS makes, changes and deletes each."""

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localaws.formation import calls

ALPHABET = string.ascii_uppercase + string.digits

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """What Ref and Fn::GetAtt answer of a resource; an attribute that is not here is an error of the template."""

    ref: str
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Resource:
    """One resource of a stack as it is, its properties resolved.

    retained: it stays when it leaves the stack; kept_on_replacement: when another takes its place
    """

    logical_id: str
    type: str
    properties: Properties
    made: Made
    retained: bool = False
    kept_on_replacement: bool = False


@dataclass(frozen=True)
class Wanted:
    """A resource as the template wants it, all its properties resolved."""

    logical_id: str
    properties: Properties
    stack: str
    region: str
    account: str

    def __getitem__(self, name: str) -> Any:
        return self.properties[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.properties.get(name, default)

    def but(self, *names: str) -> Properties:
        """The properties without these."""
        return {name: value for name, value in self.properties.items() if name not in names}

    def only(self, *names: str) -> Properties:
        return {name: self.properties[name] for name in names if name in self.properties}

    def client(self, service: str) -> Any:
        return calls.client(service, self.region)

    def call(self, service: str, operation: str, properties: Properties, **more: Any) -> Mapping[str, Any]:
        return calls.call(self.client(service), operation, properties, **more)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def name(self, limit: int = 64) -> str:
        """A physical name as CloudFormation makes them up: stack, logical id and twelve characters of chance."""
        chance = "".join(secrets.choice(ALPHABET) for _ in range(12))
        logical = self.logical_id[: limit - 14 - min(len(self.stack), 24)]
        return f"{self.stack[: limit - 14 - len(logical)]}-{logical}-{chance}"


@dataclass(frozen=True)
class Kind:
    """A resource type. Without `update` every change replaces the resource, as does one of a property in `fixed`."""

    type: str
    create: Callable[[Wanted], Made]
    delete: Callable[[Wanted, Made], object]
    update: Callable[[Wanted, Resource], Made] | None = None
    fixed: frozenset[str] = frozenset()

    def replaces(self, before: Properties, after: Properties) -> bool:
        changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        return self.update is None or bool(changed & self.fixed)


def put(type_: str, write: Callable[[Wanted], Made], delete: Callable[[Wanted, Made], object], *fixed: str) -> Kind:
    """A kind whose one call both makes and changes it, like the put operations of many services."""
    return Kind(type_, write, delete, update=lambda wanted, _before: write(wanted), fixed=frozenset(fixed))
