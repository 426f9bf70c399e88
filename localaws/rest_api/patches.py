"""What REST APIs need that moto lacks."""

from localaws.rest_api import binary_types, plan_rates, snapshots


def apply() -> None:
    for patch in (binary_types, plan_rates, snapshots):
        patch.apply()
