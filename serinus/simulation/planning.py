"""What a policy comes to at a traffic, before anything is rolled out: how long it takes, what is found when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from serinus.canary.decision import Verdict
from serinus.policy import Policy
from serinus.simulation.run import Outcomes, Plan, simulated
from serinus.simulation.scenario import Scenario

COMFORTABLE = 1.25  # times the requests that a step needs: with fewer, some healthy releases are taken back


@dataclass(frozen=True)
class Stage:
    """minutes: until there are enough requests, and the step has baked; requests: of the candidate in the bake time"""

    weight: float
    bake_min: float
    requests: float
    minutes: float
    deadline_min: float

    @property
    def is_possible(self) -> bool:
        return self.minutes <= self.deadline_min


@dataclass(frozen=True)
class Caught:
    """What comes of one kind of broken release. found: the share of rollouts that are rolled back, promoted: that are
    promoted; minutes, spoilt: medians until then, spoilt_90: the ninth decile"""

    kind: str
    found: float
    promoted: float
    minutes: float | None
    spoilt: float | None
    spoilt_90: float | None


@dataclass(frozen=True)
class Outlook:
    """healthy_min: median minutes to full promotion of a healthy release, none when it never is; false_aborts: the
    share of healthy ones that are taken back for want of evidence; harmless: the largest first weight within harm"""

    rate_per_min: float
    stages: tuple[Stage, ...]
    healthy_min: float | None
    false_aborts: float
    caught: tuple[Caught, ...]
    harm: float
    harmless: float
    warnings: tuple[str, ...]


def outlook(policy: Policy, rate_per_min: float, broken: Sequence[float], harm: float, *, runs: int = 200) -> Outlook:
    """What to expect of `policy`, from `runs` simulated rollouts of each kind. broken: shares of requests that fail."""
    policy = policy.at(rate_per_min)
    stages = tuple(_stages(policy, rate_per_min))
    healthy = simulated(Plan(Scenario(name="healthy"), policy, rate_per_min, runs))
    promoted = healthy.minutes[healthy.verdict == Verdict.PROMOTE]
    caught = tuple(
        _caught(kind, simulated(Plan(scenario, policy, rate_per_min, runs))) for kind, scenario in _kinds(broken)
    )
    aborts = healthy.share(Verdict.ABORT) + healthy.share(Verdict.HOLD)
    harmless = policy.harmless_weight(harm, rate_per_min, broken=max(broken))
    return Outlook(
        rate_per_min=rate_per_min,
        stages=stages,
        healthy_min=float(np.median(promoted)) if len(promoted) else None,
        false_aborts=aborts,
        caught=caught,
        harm=harm,
        harmless=harmless,
        warnings=tuple(_warnings(policy, stages, caught, harm, harmless)),
    )


def _stages(policy: Policy, rate_per_min: float) -> Iterator[Stage]:
    for step in policy.steps:
        per_min = rate_per_min * step.weight
        minutes = max(step.bake_min, policy.requests / per_min)
        yield Stage(step.weight, step.bake_min, per_min * step.bake_min, minutes, step.bake_min * policy.deadline)


def _kinds(broken: Sequence[float]) -> Iterator[tuple[str, Scenario]]:
    for share in broken:
        yield f"fails {share:.4g}", Scenario(name=f"fails {share:.4g}", candidate={"errors": share})
    for times in (2, 3):
        yield f"{times} times as slow", Scenario(name=f"slow {times}", candidate={"slower": times})
    yield "answers always the same", Scenario(name="constant", candidate={"answers": (1.0, 0.0, 0.0)})


def _caught(kind: str, came: Outcomes) -> Caught:
    back = came.verdict == Verdict.ROLLBACK
    found, promoted = came.share(Verdict.ROLLBACK), came.share(Verdict.PROMOTE)
    if not back.any():
        return Caught(kind, found, promoted, None, None, None)
    spoilt = came.bad[back]
    return Caught(
        kind,
        found,
        promoted,
        float(np.median(came.minutes[back])),
        float(np.median(spoilt)),
        float(np.quantile(spoilt, 0.9)),
    )


def _warnings(
    policy: Policy, stages: Sequence[Stage], caught: Sequence[Caught], harm: float, harmless: float
) -> Iterator[str]:
    first = stages[0]
    if not first.is_possible:
        yield (
            f"too little traffic: the first step gives the candidate {first.requests:.3g} requests in "
            f"{first.bake_min:g} minutes, needs {policy.requests}, and ends after {first.deadline_min:g}: nothing is "
            "ever promoted. Replay recorded requests on the new version, bake longer, or start with a larger weight"
        )
    elif first.requests < COMFORTABLE * policy.requests:
        yield (
            f"little traffic: {first.requests:.3g} requests of the candidate in the first {first.bake_min:g} minutes, "
            f"and {policy.requests} are needed at least; some healthy releases are taken back at the deadline. A "
            'larger first weight, without_evidence = "raise" or a later deadline spare them'
        )
    if harmless < first.weight:
        yield (
            f"a release that fails altogether spoils more than {harm:g} answers at {first.weight:.2%}: start with "
            f"{harmless:.2%}, or say harm = {harm:g} in [rollout]"
        )
    for kind in caught:
        if kind.promoted > 0.01:
            yield f"a release that {kind.kind} is promoted in {kind.promoted:.0%} of the rollouts"
