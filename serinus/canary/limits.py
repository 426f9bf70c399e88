"""How much evidence a policy asks for: its error budget, shared out to triggers, tests and steps.

The shares add up to one, so that by the union bound a healthy release is rolled back with a chance of at most `alpha`
over the whole rollout, however often it is looked at. Errors get most, as they hurt most; the first step gets most, as
most broken releases end there. Health has no test: golden rows fail or they do not.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from serinus.canary.measurement import Floats
from serinus.policy import Policy

TRIGGERS = {"health": 0.1, "errors": 0.5, "latency": 0.25, "drift": 0.15}
ALONE, RELATIVE = 0.7, 0.3  # of what errors get


@dataclass(frozen=True)
class Limits:
    """By step, and last for the watch after the rollout. Logarithms of e-values, but for weight, bake_s and minutes (of
    the prior over when harm begins)."""

    alone: Floats
    relative: Floats
    slow: Floats
    labels: Floats
    pairs: Floats
    weight: Floats
    bake_s: Floats
    minutes: Floats


@lru_cache(maxsize=64)
def limits(policy: Policy) -> Limits:
    steps = len(policy.steps)
    falling = 0.5 ** np.arange(steps)
    shares = np.append(falling / falling.sum(), 1.0)
    budget = {trigger: policy.alpha * share * shares for trigger, share in TRIGGERS.items()}
    kinds_of_drift = 1 if policy.drift.disagreement is None else 2
    bake_min = np.array([step.bake_min for step in policy.steps])
    return Limits(
        alone=-np.log(budget["errors"] * ALONE),
        relative=-np.log(budget["errors"] * RELATIVE),
        slow=-np.log(budget["latency"] / 2),
        labels=-np.log(budget["drift"] / kinds_of_drift),
        pairs=-np.log(budget["drift"] / 2),
        weight=np.array([*(step.weight for step in policy.steps), 1.0]),
        bake_s=np.append(bake_min, policy.watch.hours * 60) * 60,
        minutes=np.append(np.ceil(bake_min * policy.deadline), max(1, np.ceil(policy.watch.hours * 60))),
    )
