"""The rate of a usage plan may be changed to a fraction.

AWS: `rateLimit` is a double. moto 5.2.5: UpdateUsagePlan reads it as a whole number, and fails with a ValueError.
"""

from typing import Any

from moto.apigateway.models import UsagePlan

RATE = "/throttle/rateLimit"
_apply_patch_operations = UsagePlan.apply_patch_operations


def apply() -> None:
    setattr(UsagePlan, "apply_patch_operations", apply_patch_operations)  # noqa: B010  mypy takes no assignment to a method


def apply_patch_operations(self: Any, patch_operations: list[dict[str, Any]]) -> None:
    rates = [change for change in patch_operations if change["path"] == RATE and change["op"] in {"add", "replace"}]
    _apply_patch_operations(self, [change for change in patch_operations if change not in rates])
    for change in rates:
        self.throttle["rateLimit"] = float(change["value"])
