"""What a deployment would change: two templates, one beside the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Resources = Mapping[str, Mapping[str, Any]]
IGNORED = "Metadata"  # paths of constructs: AWS does nothing with them


@dataclass(frozen=True)
class Change:
    """what: "new", "gone", "kept" (gone from the stack and left in the account) or "other"; about: of a resource that
    stays, which of its properties become other ones."""

    what: str
    name: str
    kind: str
    about: tuple[str, ...] = ()


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Change]:
    """before: None where nothing is deployed."""
    old: Resources = (before or {}).get("Resources", {})
    new: Resources = after["Resources"]
    found = [Change("new", name, new[name]["Type"]) for name in new if name not in old]
    found += [_gone(name, old[name]) for name in old if name not in new]
    return found + [
        Change("other", name, new[name]["Type"], about)
        for name in new
        if name in old and (about := _differences(old[name], new[name]))
    ]


def retained(template: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Name and type of what stays in the account when the stack goes."""
    resources: Resources = template["Resources"]
    return [(name, one["Type"]) for name, one in resources.items() if one.get("DeletionPolicy") == "Retain"]


def _gone(name: str, resource: Mapping[str, Any]) -> Change:
    return Change("kept" if resource.get("DeletionPolicy") == "Retain" else "gone", name, resource["Type"])


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    parts = (old.keys() | new.keys()) - {IGNORED, "Properties"}
    said, says = old.get("Properties", {}), new.get("Properties", {})
    properties = {name for name in said.keys() | says.keys() if said.get(name) != says.get(name)}
    return tuple(sorted(properties | {name for name in parts if old.get(name) != new.get(name)}))
