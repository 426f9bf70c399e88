"""What happens in a simulated rollout: how the releases behave, what traffic is like, what goes wrong around them."""

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from serinus.errors import ReleaseError
from serinus.policy import Policy
from serinus.sections import Section


def _adding_up(shares: tuple[float, ...]) -> tuple[float, ...]:
    if abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"the probabilities of the answers must add up to 1, and are {sum(shares):g} together")
    return shares


Share = Annotated[float, Field(ge=0, le=1)]
Answers = Annotated[tuple[Share, ...], AfterValidator(_adding_up)]
FASTEST = 1e7  # requests a minute
CATALOGUE = "scenarios.toml"


class Behaviour(Section):
    """How a release answers. errors: the share of requests that fail; slower: times as slow as usual, sigma: of the
    logarithm of its latency, spikes: the share of answers that take 3 s more, cold: of requests that start an
    environment; answers: how probable each label, or bin of values, is; unhealthy: how probable it is that golden rows
    fail; disagrees: how often it answers other than the running release to the same input; throttled: requests that the
    account's limits keep away, as a share of the others"""

    model_config = ConfigDict(allow_inf_nan=False)

    errors: Share = 0.005
    slower: float = Field(default=1, gt=0)
    sigma: float = Field(default=0.5, gt=0)
    spikes: Share = 0
    cold: Share = 0
    answers: Answers = (0.5, 0.3, 0.2)
    unhealthy: Share = 0
    disagrees: Share = 0
    environments: int = Field(default=8, ge=1)
    environment_sigma: float = Field(default=0, ge=0)
    throttled: Share = 0


class Metrics(Section):
    """What is wrong with the measurements. late_s: how long they take; lost: from and to which minute one side's are
    counted as if nothing had happened; twice: everything is told twice, and in another order; blind: from and to which
    minute nobody looks"""

    late_s: int = Field(default=0, ge=0)
    lost: tuple[float, float] | None = None
    lost_side: Literal["candidate", "baseline"] = "baseline"
    twice: bool = False
    blind: tuple[float, float] | None = None


class Scenario(Section):
    """baseline: how both releases behave; candidate: what is different with the candidate; then: what changes with it
    from minute after_min on, both_then: and with both, until until_min, or only during for_min minutes of every
    every_min; reference: what answers were like before, if not as the baseline's are now

    traffic: "bursty" and "diurnal" have the same mean as "poisson"; swings: of all latencies from minute to minute, as
    the sigma of their logarithm; real_weight: times the weight that was set; sticky_min: requests a minute of a user
    who sticks to the candidate and always fails; shadowed: the share of the candidate's requests asked of both
    stuck_s: how long taking the traffic back fails; policy: what it says differently; expect: what is right
    """

    model_config = ConfigDict(allow_inf_nan=False)

    name: str = ""
    about: str = ""
    baseline: Behaviour = Behaviour()
    candidate: dict[str, Any] = Field(default={})
    then: dict[str, Any] = Field(default={})
    both_then: dict[str, Any] = Field(default={})
    after_min: float = Field(default=0, ge=0)
    until_min: float | None = None
    every_min: float | None = Field(default=None, gt=0)
    for_min: float | None = Field(default=None, gt=0)
    reference: Answers | None = None
    traffic: Literal["poisson", "diurnal", "bursty"] = "poisson"
    rate_per_min: float | None = Field(default=None, gt=0, lt=FASTEST)
    swings: float = Field(default=0, ge=0)
    real_weight: float = Field(default=1, gt=0)
    sticky_min: float = Field(default=0, ge=0)
    shadowed: Share = 0
    metrics: Metrics = Metrics()
    stuck_s: int = Field(default=0, ge=0)
    policy: dict[str, Any] = Field(default={})
    expect: Literal["promote", "rollback", "hold", "not promoted", "not rolled back", "anything"] = "anything"

    @field_validator("candidate", "then", "both_then")
    @classmethod
    def _behaves(cls, differently: dict[str, Any], told: ValidationInfo) -> dict[str, Any]:
        if "baseline" in told.data:  # it was not refused itself
            usual = told.data["baseline"]
            behaviour = Behaviour.model_validate({**usual.model_dump(), **differently})
            _check_as_many(usual.answers, behaviour.answers)
        return differently

    @field_validator("reference")
    @classmethod
    def _answers(cls, reference: tuple[float, ...] | None, told: ValidationInfo) -> tuple[float, ...] | None:
        if reference is not None and "baseline" in told.data:
            _check_as_many(told.data["baseline"].answers, reference)
        return reference

    @field_validator("policy")
    @classmethod
    def _is_of_a_policy(cls, differently: dict[str, Any]) -> dict[str, Any]:
        _changed(Policy(), differently)
        return differently

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if (self.every_min is None) != (self.for_min is None):
            raise ValueError("every_min and for_min are only of use together")
        return self

    def behaviours(self) -> tuple[Behaviour, Behaviour, Behaviour, Behaviour]:
        """Of the candidate and the baseline at first, and of both later."""
        usual = self.baseline.model_dump()
        told = (
            {**usual, **self.candidate},
            usual,
            {**usual, **self.candidate, **self.both_then, **self.then},
            {**usual, **self.both_then},
        )
        candidate, baseline, later, baseline_later = (Behaviour.model_validate(one) for one in told)
        return candidate, baseline, later, baseline_later

    @property
    def onset_min(self) -> float:
        """When harm begins: with the rollout if the candidate is another than the baseline from the beginning."""
        candidate, baseline, _, _ = self.behaviours()
        return self.after_min if candidate == baseline else 0.0

    def is_later(self, minute: float) -> bool:
        """Whether what comes later is so at this minute."""
        if minute < self.after_min or (self.until_min is not None and minute >= self.until_min):
            return False
        if self.every_min is None or self.for_min is None:
            return True
        return (minute - self.after_min) % self.every_min < self.for_min

    def changed(self, policy: Policy) -> Policy:
        """The policy with what the scenario says differently."""
        return _changed(policy, self.policy)


@cache
def catalogue() -> dict[str, Scenario]:
    """The scenarios that come with Serinus, by name."""
    text = resources.files(__package__).joinpath(CATALOGUE).read_text()
    return {name: Scenario(name=name, **told) for name, told in tomllib.loads(text).items()}


def found(name: str) -> Scenario:
    """The scenario of this name, or in the TOML file of this name. ReleaseError says what is wrong with it."""
    if not name.endswith(".toml"):
        known = catalogue()
        if name not in known:
            raise ReleaseError(f"no scenario {name!r}: expected a .toml file or one of: {', '.join(known)}")
        return known[name]
    try:
        return Scenario.model_validate({"name": Path(name).stem, **tomllib.loads(Path(name).read_text())})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ReleaseError(f"cannot read scenario {name}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the scenario"
        raise ReleaseError(f"{name}: {where}: {first['msg']}, got {first['input']!r:.80}") from error


def _check_as_many(usual: tuple[float, ...], answers: tuple[float, ...]) -> None:
    if len(answers) != len(usual):
        raise ValueError(f"expected the probabilities of {len(usual)} answers, as of the baseline, not {len(answers)}")


def _changed(policy: Policy, differently: dict[str, Any]) -> Policy:
    told = policy.model_dump()
    for name, value in differently.items():
        before = told.get(name)
        told[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    return Policy.model_validate(told)
