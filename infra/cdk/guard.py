"""Contradictions that only a template shows, whoever wrote it: CDK synthesises them, and AWS refuses them later."""

from collections.abc import Iterator, Mapping
from typing import Any

from serinus.errors import ServiceError

Resources = Mapping[str, Mapping[str, Any]]


def check_template(template: Mapping[str, Any]) -> None:
    """ServiceError that tells every contradiction."""
    resources: Resources = template["Resources"]
    if found := [*_weighted(resources), *_snapshots(resources)]:
        raise ServiceError(f"the stack cannot be deployed: {'; '.join(found)}")


def _weighted(resources: Resources) -> Iterator[str]:
    for name, said in _of_type(resources, "AWS::Lambda::Alias"):
        if "ProvisionedConcurrencyConfig" in said:
            yield (
                f"alias {name} has provisioned concurrency, and releases give aliases weights: Lambda refuses one with "
                "the other; provision the version"
            )


def _snapshots(resources: Resources) -> Iterator[str]:
    snapped = {
        name
        for name, said in _of_type(resources, "AWS::Lambda::Function")
        if said.get("SnapStart", {}).get("ApplyOn", "None") != "None"
    }
    for name, said in _of_type(resources, "AWS::Lambda::Version"):
        function = said["FunctionName"]
        is_snapped = isinstance(function, Mapping) and function.get("Ref") in snapped
        if "ProvisionedConcurrencyConfig" in said and is_snapped:
            yield f"version {name} has provisioned concurrency, and its function SnapStart: Lambda takes but one"


def _of_type(resources: Resources, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((name, one.get("Properties", {})) for name, one in resources.items() if one["Type"] == kind)
