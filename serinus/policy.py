"""How a release proves itself: what `[rollout]` of service.toml says, with a default for everything."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from serinus.errors import ServiceError
from serinus.sections import Section

Mode = Literal["sequential", "naive", "off"]
Share = Annotated[float, Field(gt=0, lt=1)]
FIRST_STEP_REQUESTS = 150  # that the candidate should have answered when the first step has baked
MOST_FIRST = 0.25
FAILURES_ALONE = 6.0  # failures that convince by their rate alone, whatever the traffic
ALTERNATIVES = 12.0  # a failure has to convince one of six, in the half of the e-process that began with the step
LEAST_WEIGHT = 1e-4


class Step(Section):
    """weight: the share of the traffic that goes to the candidate; bake_min: minutes it is watched at least."""

    weight: Share
    bake_min: float = Field(default=30, gt=0)


class Errors(Section):
    """limit: the error rate that is too much; tolerated: the one that always is all right; ratio: how many times the
    baseline's rate is tolerated."""

    mode: Mode = "sequential"
    limit: Share = 0.05
    tolerated: Share = 0.01
    ratio: float = Field(default=1.5, ge=1)


class Latency(Section):
    """ratio: how many times as many slow answers as the baseline's are tolerated, tail_ratio: and very slow ones, which
    do not matter below tail_share of all; proven_below: the share of slow ones must be shown to be below this many
    times the baseline's; environments: so many different ones must have answered before slowness is the release's;
    limit: of mode "naive", of means."""

    mode: Mode = "sequential"
    ratio: float = Field(default=3, ge=1)
    tail_ratio: float = Field(default=2, ge=1)
    tail_share: Share = 0.01
    proven_below: float = Field(default=4, gt=1)
    environments: int = Field(default=3, ge=1)
    limit: float = Field(default=2, gt=1)


class Drift(Section):
    """limit: KL(candidate || baseline) in nats that is too much; passed_below: the one that never holds a release up;
    least: answers that both sides need before they are compared; disagreement: the share of answers to the same inputs
    in which the releases may differ, where both are asked (shadow traffic); none: that is not judged."""

    mode: Mode = "sequential"
    limit: float = Field(default=0.3, gt=0)
    passed_below: float = Field(default=0.1, gt=0)
    least: int = Field(default=30, ge=1)
    disagreement: Share | None = None


class Health(Section):
    """failures: golden rows that fail so often in a row end it; every_s, again_s: how often they are replayed, and how
    soon once they failed."""

    mode: Mode = "sequential"
    failures: int = Field(default=3, ge=1)
    every_s: float = Field(default=30, gt=0)
    again_s: float = Field(default=5, gt=0)


class Watch(Section):
    """After 100 %: there is no baseline any more. Golden rows that fail end it; what a rising error rate does is said
    here: an incident of all releases looks the same."""

    hours: float = Field(default=24, ge=0)
    every_s: float = Field(default=60, gt=0)
    errors: Literal["alert", "rollback"] = "alert"


class Policy(Section):
    """alpha: the chance that a healthy release is rolled back, over all triggers, steps and looks; beta: the chance
    that one at the limit passes the test for errors in a step; confidence: of the bounds that promotion needs; uneasy:
    the e-value from which nothing is promoted; attributed: the one, against the baseline, from which a candidate that
    fails too much fails by itself; requests: that the candidate answers at least in a step

    first_weight: "steps" as they say, or "traffic": enough for evidence in the first step; harm: spoiled answers that a
    release may cost at most, which bounds the first weight; reaction_s: from evidence to the traffic being back
    without_evidence: when a step has baked and too little is known: "extend" it until `deadline` times its minutes,
    "raise" the weight meanwhile, or "abort" at once. Nothing is ever promoted for want of evidence.
    window_s: seconds that one window of measurements counts
    """

    steps: tuple[Step, ...] = Field(default=(Step(weight=0.1), Step(weight=0.5), Step(weight=0.9)), min_length=1)
    first_weight: Literal["steps", "traffic"] = "traffic"
    harm: float | None = Field(default=None, gt=0)
    reaction_s: float = Field(default=10, gt=0)
    alpha: Share = 0.004
    beta: Share = 0.05
    confidence: Share = 0.95
    uneasy: float = Field(default=20, gt=1)
    attributed: float = Field(default=50, gt=1)
    requests: int = Field(default=120, ge=1)
    deadline: float = Field(default=3, gt=1)
    without_evidence: Literal["extend", "raise", "abort"] = "extend"
    window_s: int = Field(default=10, ge=1, le=60)
    errors: Errors = Errors()
    latency: Latency = Latency()
    drift: Drift = Drift()
    health: Health = Health()
    watch: Watch = Watch()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        weights = [step.weight for step in self.steps]
        if sorted(set(weights)) != weights:
            raise ValueError(f"the weights of the steps must rise, got {weights}")
        if self.errors.tolerated >= self.errors.limit:
            raise ValueError(f"errors.tolerated {self.errors.tolerated} must be below errors.limit {self.errors.limit}")
        if self.drift.passed_below > self.drift.limit:
            raise ValueError(f"drift.passed_below {self.drift.passed_below} is above drift.limit {self.drift.limit}")
        if 60 % self.window_s:
            raise ValueError(f"window_s must divide a minute, got {self.window_s}")
        return self

    @property
    def is_naive(self) -> bool:
        """Nothing is judged but by plain thresholds, as the original systems do: silence promotes."""
        triggers = (self.errors, self.latency, self.drift, self.health)
        return all(trigger.mode != "sequential" for trigger in triggers)

    def naive(self) -> Self:
        """The same plan with the original systems' thresholds instead of evidence."""
        modes = {"mode": "naive"}
        triggers = {
            name: getattr(self, name).model_copy(update=modes) for name in ("errors", "latency", "drift", "health")
        }
        return self.model_copy(update=triggers)

    def at(self, requests_per_min: float) -> Self:
        """The plan at this traffic: with a first weight that is enough for evidence, and within the harm allowed."""
        weight = self.steps[0].weight
        if self.first_weight == "traffic":
            enough = FIRST_STEP_REQUESTS / max(requests_per_min * self.steps[0].bake_min, 1)
            weight = max(weight, min(MOST_FIRST, enough))
        if self.harm is not None:
            weight = min(weight, self.harmless_weight(self.harm, requests_per_min))
        higher = tuple(step for step in self.steps[1:] if step.weight > weight)
        return self.model_copy(update={"steps": (self.steps[0].model_copy(update={"weight": weight}), *higher)})

    def spoilt(self, weight: float, requests_per_min: float, *, broken: float = 1.0) -> float:
        """About how many answers a release that fails the share `broken` of them spoils at this weight.

        So many failures as convince: by its rate, and against the baseline, where each of them is worth the less the
        larger its weight is (a failure falls on it anyway). Then those of the seconds until the traffic is back.
        """
        by_chance = weight * self.errors.ratio / (weight * self.errors.ratio + 1 - weight)
        convincing = max(FAILURES_ALONE, math.log(ALTERNATIVES * self.attributed) / -math.log(by_chance))
        return convincing + weight * requests_per_min / 60 * broken * self.reaction_s

    def harmless_weight(self, harm: float, requests_per_min: float, *, broken: float = 1.0) -> float:
        """The largest weight at which such a release spoils `harm` answers at most; tiny where none is so small."""
        low, high = LEAST_WEIGHT, 1 - LEAST_WEIGHT
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (
                (middle, high) if self.spoilt(middle, requests_per_min, broken=broken) <= harm else (low, middle)
            )
        return low


def policy_of(rollout: Mapping[str, Any]) -> Policy:
    """What `[rollout]` of a service.toml says; ServiceError names the entry that is wrong, and what belongs there."""
    try:
        return Policy.model_validate(rollout)
    except ValidationError as error:
        first: Any = error.errors()[0]
        where = ".".join(map(str, ("rollout", *first["loc"])))
        raise ServiceError(f"{where}: {first['msg']}, got {first['input']!r:.80}") from error
