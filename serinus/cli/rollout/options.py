"""What the commands of `serinus rollout` share: the traffic, the policy, how shares are told."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from serinus.policy import Policy


def per_minute(text: str) -> float:
    """The number in 100, 100/min or 2/s."""
    number, _, unit = text.partition("/")
    try:
        rate = float(number) * {"": 1, "min": 1, "s": 60}[unit.strip()]
    except (ValueError, KeyError):
        raise typer.BadParameter(f"expected requests a minute such as 100, 100/min or 2/s, got {text!r}") from None
    if not 0 < rate < 1e7:
        raise typer.BadParameter(f"expected a rate above 0, and below 10,000,000 a minute, got {text!r}")
    return rate


RateOption = Annotated[
    float, typer.Option("--rate", parser=per_minute, metavar="N/min", help="Requests a minute to the whole service.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same runs.")]


def policy_named(service: str | None) -> "Policy":
    """What `[rollout]` of the service says; without a service, the defaults."""
    from serinus import service as services
    from serinus.policy import Policy, policy_of

    return Policy() if service is None else policy_of(services.load(services.find(service)).rollout)
