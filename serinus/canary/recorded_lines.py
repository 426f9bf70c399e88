"""The lines of a recorded rollout, each with what may stand in it."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from serinus.policy import Policy
from serinus.sections import Section

LATEST_S = 1e11  # milliseconds would be later
Time = Annotated[float, Field(gt=-LATEST_S, lt=LATEST_S)]
Count = Annotated[int, Field(ge=0, lt=2**63, strict=True)]
Share = Annotated[float, Field(ge=0, le=1)]


class ReferencesLine(Section):
    error_rate: Share
    answers: tuple[Count, ...]


class RolloutLine(Section):
    kind: Literal["rollout"]
    service: str
    candidate: str
    baseline: str
    begun_at_s: Time
    labels: tuple[str, ...]
    policy: Policy
    references: ReferencesLine

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if len(self.references.answers) != len(self.labels):
            raise ValueError(f"expected answers of {len(self.labels)} labels, got {len(self.references.answers)}")
        return self


class WindowLine(Section):
    start_s: Annotated[int, Field(gt=-LATEST_S, lt=LATEST_S, strict=True)]
    weight: Share | None
    counts: tuple[tuple[Count, ...], tuple[Count, ...]]


class CheckLine(Section):
    at_s: Time
    failed: bool
    others_failed: bool


class MeasurementLine(Section):
    kind: Literal["measurement"]
    read_at_s: Time
    complete_until_s: tuple[Time, Time]
    windows: tuple[WindowLine, ...]
    checks: tuple[CheckLine, ...]


class DecisionLine(Section):
    kind: Literal["decision"]
    verdict: Literal["HOLD", "ADVANCE", "PROMOTE", "ROLLBACK", "ABORT"]
    reason: str
    weight: Share
    alerts: tuple[str, ...]
    evidence: dict[str, tuple[float, float]]
    check_in_s: float


Line = RolloutLine | MeasurementLine | DecisionLine
_LINES: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])


def line_of(told: Any) -> Line:
    """What one line says; pydantic's ValidationError otherwise."""
    return _LINES.validate_python(told)
